# Every source and header is as clang-format 14 leaves it.
file(GLOB_RECURSE files ${SOURCE_DIR}/include/*.hpp ${SOURCE_DIR}/src/*.[ch]pp
  ${SOURCE_DIR}/tests/*.[ch]pp)
execute_process(COMMAND ${CLANG_FORMAT} --dry-run --Werror ${files}
  RESULT_VARIABLE status ERROR_VARIABLE err)
if(NOT status EQUAL 0)
  string(REGEX MATCHALL "[^\n]*-Wclang-format-violations[^\n]*" places "${err}")
  list(LENGTH places n)
  list(SUBLIST places 0 20 places)
  list(JOIN places "\n" places)
  message(FATAL_ERROR "${n} places differ; clang-format -i mends them:\n${places}")
endif()
