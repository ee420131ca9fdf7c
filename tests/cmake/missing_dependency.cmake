# Configuring SOURCE_DIR (with COMPILER, for GENERATOR) without a package stops with the line that
# installs it.
foreach(pair nlohmann_json=nlohmann-json3-dev CLI11=libcli11-dev fmt=libfmt-dev Catch2=catch2)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 package)
  list(GET pair 1 debian)
  file(REMOVE_RECURSE ${WORK_DIR})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR} -G ${GENERATOR}
    -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON -DCMAKE_CXX_COMPILER=${COMPILER}
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE err)
  file(REMOVE_RECURSE ${WORK_DIR})
  if(status EQUAL 0)
    message(SEND_ERROR "configuring without ${package} succeeded")
  elseif(NOT err MATCHES "${package}( >= [0-9.]+)? was not found\\.  Debian/Ubuntu: sudo apt-get install ${debian}\n")
    message(SEND_ERROR "configuring without ${package} says:\n${err}")
  endif()
endforeach()
