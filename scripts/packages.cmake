# cpack makes two Debian packages: fitvram (the program and what it brings along) and libfitvram-dev
# (headers, library, CMake package). scripts/debian.cmake brings the staged files to Debian's ways.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "the fitvram authors")
set(CPACK_PACKAGE_CONTACT "the fitvram authors <fitvram@users.noreply.github.com>"
  CACHE STRING "Who answers for the packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian.cmake)

set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME fitvram)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION
"Counts, offline and tensor by tensor, what a language model needs of a GPU's
memory under llama.cpp and other runtimes: weights, cache, compute buffers and
overhead. Reads GGUF files, Hugging Face configs and names of its catalogue.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libfitvram-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION
"The library behind fitvram, with its C++20 headers and a CMake package: parses
model metadata, estimates memory, ranks models. It needs nothing beyond the
standard library.")
if(BUILD_SHARED_LIBS)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "fitvram (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
endif()
set(CPACK_FITVRAM_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
include(CPack)
