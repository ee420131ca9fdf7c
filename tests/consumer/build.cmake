# Builds and runs the project next to this file against the fitvram that is installed below prefix.
include(${CMAKE_CURRENT_LIST_DIR}/../cmake/run.cmake)
function(build_consumer prefix)
  run("configuring the consumer" ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR} -B ${WORK_DIR}/build
    -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON)
  run("building the consumer" ${CMAKE_COMMAND} --build ${WORK_DIR}/build --config ${CONFIG})
  file(GLOB_RECURSE consumer ${WORK_DIR}/build/consumer ${WORK_DIR}/build/consumer.exe)
  run("the consumer" ${consumer})
endfunction()
