# run(WHAT COMMAND...): runs it and leaves what it printed in `out`; stops with that if it fails.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    string(REPLACE "\n" "\n " out "${out}")  # CMake leaves indented lines as they are
    message(FATAL_ERROR "${what} failed (${status}):\n ${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()
