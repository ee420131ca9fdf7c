# Writes OUTPUT, which compiles FILES of the folder ROOT as one unit: first the headers of them all,
# then each file in a namespace of its own, where its includes come to nothing and its names meet no
# other file's.
set(headers "")
set(tests "")
foreach(file ${FILES})
  file(STRINGS ${ROOT}/${file} includes REGEX "^#include ")
  list(APPEND headers ${includes})
  string(REGEX REPLACE "_test\\.cpp$" "" name ${file})
  string(MAKE_C_IDENTIFIER ${name} id)
  string(APPEND tests "\n#undef FITVRAM_TEST_FILE\n#define FITVRAM_TEST_FILE \"[${name}]\"\n"
    "namespace test_${id} {\n#include \"${ROOT}/${file}\"\n}\n")
endforeach()
list(REMOVE_DUPLICATES headers)
list(JOIN headers "\n" headers)
file(WRITE ${OUTPUT} "${headers}\n${tests}")
