# fitvram_snapshots(VARIABLE CORE): a source with the snapshots of the embedded tables, written by the
# objects of CORE when they are built. They cannot run when they are made for another machine: then
# the program parses what it needs.
function(fitvram_snapshots variable core)
  set(none ${CMAKE_CURRENT_SOURCE_DIR}/scripts/no_snapshots.cpp)
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    set(${variable} ${none} PARENT_SCOPE)
    return()
  endif()
  add_executable(fitvram_write_snapshots ${CMAKE_CURRENT_SOURCE_DIR}/scripts/write_snapshots.cpp
    ${none})
  target_link_libraries(fitvram_write_snapshots PRIVATE ${core} fitvram_warnings)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/snapshots.cpp)
  add_custom_command(OUTPUT ${output} COMMAND fitvram_write_snapshots ${output}
    DEPENDS fitvram_write_snapshots COMMENT "Writing the snapshots of the embedded tables" VERBATIM)
  set(${variable} ${output} PARENT_SCOPE)
endfunction()
