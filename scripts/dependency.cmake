# fitvram_dependency(NAME VERSION DEBIAN_PACKAGE): find it or stop with the line that installs it. An
# empty VERSION takes any.
macro(fitvram_dependency name version package)
  find_package(${name} ${version} QUIET CONFIG)
  if(NOT ${name}_FOUND)
    string(REGEX REPLACE " >= $" "" fitvram_wanted "${name} >= ${version}")
    # The leading blank keeps CMake from breaking the line.
    message(FATAL_ERROR
      " ${fitvram_wanted} was not found.  Debian/Ubuntu: sudo apt-get install ${package}")
  endif()
endmacro()
