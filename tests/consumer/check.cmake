# Installs the build tree BUILD_DIR to a place of its own below WORK_DIR, asks the installed program
# for its VERSION, and builds and runs the project next to this file against the installed library.
# GENERATOR, CONFIG, COMPILER, FLAGS and LIBDIR are those of the build.
include(${CMAKE_CURRENT_LIST_DIR}/build.cmake)

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

build_consumer(${prefix})

# README.md shows the program and what it prints.
file(READ ${SOURCE_DIR}/README.md readme)
function(expect_shown text)
  string(FIND "${readme}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "README.md does not show:\n${text}")
  endif()
endfunction()
file(READ ${CMAKE_CURRENT_LIST_DIR}/main.cpp program)
expect_shown("```cpp\n${program}```\n")
expect_shown("$ ./consumer gemma-3-27b \"RTX 4090\"\n${out}```\n")
run("the consumer, of a config" ${WORK_DIR}/build/consumer ${SOURCE_DIR}/tests/data/configs/TinyLlama__TinyLlama-1.1B-Chat-v1.0.json)
file(REMOVE_RECURSE ${WORK_DIR})
