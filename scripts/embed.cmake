# fitvram_embed(OUTPUT FUNCTION FILE ...): OUTPUT defines std::string_view fitvram::FUNCTION() holding
# the bytes of FILE, for each pair. Runs when CMake configures; a changed FILE configures again.
function(fitvram_embed output)
  # Both compilers take literals far beyond the 65536 characters that the standard asks for.
  string(CONCAT text "#include <string_view>\n\n"
    "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\nnamespace fitvram {\n")
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} bytes)
    string(APPEND text "std::string_view ${name}();\nstd::string_view ${name}() {\n"
      "  return R\"embedded(${bytes})embedded\";\n}\n")
  endwhile()
  string(APPEND text "}  // namespace fitvram\n")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${output}.new "${text}")
  configure_file(${CMAKE_CURRENT_BINARY_DIR}/${output}.new ${CMAKE_CURRENT_BINARY_DIR}/${output} COPYONLY)
endfunction()
