# Installs the build tree BUILD_DIR to a place of its own below WORK_DIR, asks the installed program
# for its VERSION, and builds and runs the project next to this file against the installed library.
# GENERATOR, CONFIG, COMPILER, FLAGS and LIBDIR are those of the build.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    string(REPLACE "\n" "\n " out "${out}")  # CMake leaves indented lines as they are
    message(FATAL_ERROR "${what} failed (${status}):\n ${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)
run("install" ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix} --config ${CONFIG})

run("fitvram --version" ${prefix}/bin/fitvram --version)
if(NOT out MATCHES "^fitvram ${VERSION}[ \n]")
  message(FATAL_ERROR "fitvram --version says '${out}', not 'fitvram ${VERSION}'")
endif()

foreach(file man/man1/fitvram.1 bash-completion/completions/fitvram zsh/site-functions/_fitvram
    fish/vendor_completions.d/fitvram.fish fitvram/catalog.json fitvram/schema/catalog.schema.json)
  if(NOT EXISTS ${prefix}/share/${file})
    message(FATAL_ERROR "share/${file} is not installed")
  endif()
endforeach()

# What fitvram is built with is no business of those who use it.
file(GLOB exports ${prefix}/${LIBDIR}/cmake/fitvram/*.cmake)
foreach(export IN LISTS exports)
  file(READ ${export} text)
  if(text MATCHES "nlohmann|CLI11|fmt::|${BUILD_DIR}")
    message(FATAL_ERROR "${export} mentions ${CMAKE_MATCH_0}")
  endif()
endforeach()

run("configuring the consumer" ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK_DIR}/build
  -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER}
  "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
  -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON)
run("building the consumer" ${CMAKE_COMMAND} --build ${WORK_DIR}/build --config ${CONFIG})
file(GLOB_RECURSE consumer ${WORK_DIR}/build/consumer ${WORK_DIR}/build/consumer.exe)
run("the consumer" ${consumer})
file(REMOVE_RECURSE ${WORK_DIR})
