# The top of the repository holds what was agreed on and nothing else. Reads what git tracks, or, in a
# source archive, what is there.
set(agreed .ci .clang-format .clang-tidy .editorconfig .github .gitignore CHANGELOG.md CMakeLists.txt
  CMakePresets.json CONTRIBUTING.md LICENSE README.md data include scripts src tests)
execute_process(COMMAND git -c safe.directory=* ls-files WORKING_DIRECTORY ${SOURCE_DIR}
  RESULT_VARIABLE status OUTPUT_VARIABLE tracked ERROR_QUIET)
if(EXISTS ${SOURCE_DIR}/.git AND status EQUAL 0)
  string(REGEX REPLACE "/[^\n]*" "" entries "${tracked}")
  string(REGEX REPLACE "\n$" "" entries "${entries}")
  string(REPLACE "\n" ";" entries "${entries}")
  list(REMOVE_DUPLICATES entries)
else()
  file(GLOB entries RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/* ${SOURCE_DIR}/.*)
  list(FILTER entries EXCLUDE REGEX "^(\\.git|build.*)$")
endif()
list(REMOVE_ITEM entries ${agreed})
if(entries)
  message(FATAL_ERROR "not agreed on at the top of the repository: ${entries}")
endif()
