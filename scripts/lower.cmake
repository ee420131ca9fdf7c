# fitvram_lower(VARIABLE CORE): a source with the lowered forms of the embedded tables, written by the
# objects of CORE when they are built. They cannot run when they are made for another machine: then
# the program lowers what it needs.
function(fitvram_lower variable core)
  set(none ${CMAKE_CURRENT_SOURCE_DIR}/scripts/not_lowered.cpp)
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    set(${variable} ${none} PARENT_SCOPE)
    return()
  endif()
  add_executable(fitvram_lower_tables ${CMAKE_CURRENT_SOURCE_DIR}/scripts/lower_tables.cpp ${none})
  target_link_libraries(fitvram_lower_tables PRIVATE ${core} fitvram_warnings)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/lowered.cpp)
  add_custom_command(OUTPUT ${output} COMMAND fitvram_lower_tables ${output}
    DEPENDS fitvram_lower_tables COMMENT "Lowering the embedded tables" VERBATIM)
  set(${variable} ${output} PARENT_SCOPE)
endfunction()
