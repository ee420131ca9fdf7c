# What makes compiling quick: ccache where it is installed, and headers that are read once.
option(FITVRAM_CCACHE "Compile through ccache where it is installed" ON)
if(CMAKE_CXX_COMPILER_LAUNCHER AND NOT CMAKE_CXX_COMPILER_LAUNCHER MATCHES "(^|/)ccache$")
  # Another cache may pass by what has a precompiled header.
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
elseif(FITVRAM_CCACHE AND PROJECT_IS_TOP_LEVEL)
  find_program(FITVRAM_CCACHE_PROGRAM ccache)
  mark_as_advanced(FITVRAM_CCACHE_PROGRAM)
  if(FITVRAM_CCACHE_PROGRAM)
    # Without these words ccache, too, would pass it by.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_SLOPPINESS=pch_defines,time_macros ${FITVRAM_CCACHE_PROGRAM})
  endif()
endif()

# The standard headers that most sources of TARGET include, and HEADER..., once for all of them. Each
# source still includes what it needs.
function(fitvram_precompile target)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <array> <charconv> <cmath> <functional> <iterator> <map> <memory> <optional> <set>
    <span> <stdexcept> <string> <string_view> <unordered_map> <utility> <variant> <vector> ${ARGN})
  # A time in it would be a new header to ccache each time.
  target_compile_options(${target} PRIVATE
    "$<$<CXX_COMPILER_ID:Clang,AppleClang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()

option(FITVRAM_UNITS "Compile the sources of a folder as one unit, where their names allow that" OFF)
# fitvram_units(TARGET FOLDER...): what TARGET has of each FOLDER of src/ is one unit with FITVRAM_UNITS.
# No two of its sources may then have one name in their unnamed namespaces.
function(fitvram_units target)
  if(NOT FITVRAM_UNITS)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    string(REGEX REPLACE "^src/(.*)/[^/]+$" "\\1" folder ${source})
    if(folder IN_LIST ARGN)
      string(MAKE_C_IDENTIFIER ${folder} unit)
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${unit})
    endif()
  endforeach()
endfunction()
