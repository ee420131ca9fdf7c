# Builds the project next to this file against the fitvram that is installed below prefix, once by
# find_package and, where there is pkg-config, once by that, and runs it. Leaves in `out` what it
# printed.
include(${CMAKE_CURRENT_LIST_DIR}/../cmake/run.cmake)
function(build_consumer prefix)
  run("configuring the consumer" ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_FUNCTION_LIST_DIR} -B ${WORK_DIR}/build
    -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON)
  run("building the consumer" ${CMAKE_COMMAND} --build ${WORK_DIR}/build --config ${CONFIG})
  file(GLOB_RECURSE consumer ${WORK_DIR}/build/consumer ${WORK_DIR}/build/consumer.exe)
  run("the consumer" ${consumer})
  set(printed "${out}")
  find_program(pkg_config NAMES pkg-config pkgconf)
  if(pkg_config)
    set(from ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${prefix}/${LIBDIR}/pkgconfig
      PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 ${pkg_config})
    run("pkg-config --modversion" ${from} --modversion fitvram)
    if(NOT out MATCHES "^${VERSION}\n$")
      message(FATAL_ERROR "pkg-config knows fitvram ${out}, not ${VERSION}")
    endif()
    run("pkg-config" ${from} --cflags --libs fitvram)
    separate_arguments(found UNIX_COMMAND "${out}")
    separate_arguments(flags UNIX_COMMAND "${FLAGS}")
    run("building the consumer with pkg-config" ${COMPILER} -std=c++20 ${flags}
      ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/main.cpp ${found} -o ${WORK_DIR}/build/by_pkg_config)
    run("the consumer built with pkg-config" ${CMAKE_COMMAND} -E env
      LD_LIBRARY_PATH=${prefix}/${LIBDIR} ${WORK_DIR}/build/by_pkg_config)
    if(NOT out STREQUAL printed)
      message(FATAL_ERROR "built with pkg-config, the consumer prints:\n${out}")
    endif()
  endif()
  set(out "${printed}" PARENT_SCOPE)
endfunction()
