# fitvram_dependency(NAME VERSION DEBIAN_PACKAGE): find it or stop with the line that installs it.
macro(fitvram_dependency name version package)
  find_package(${name} ${version} QUIET CONFIG)
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${name} >= ${version} was not found.  "
      "Debian/Ubuntu: sudo apt-get install ${package}")
  endif()
endmacro()
