#pragma once
#include "fitvram/export.hpp"

// The version of these headers. CMakeLists.txt takes it from here. Before 1.0 a minor version may
// change any signature, a patch none.
#define FITVRAM_VERSION_MAJOR 0
#define FITVRAM_VERSION_MINOR 1
#define FITVRAM_VERSION_PATCH 0
#define FITVRAM_VERSION "0.1.0"

namespace fitvram {

/// The version of the library that is linked: FITVRAM_VERSION unless it was built of other headers.
FITVRAM_EXPORT const char* library_version();

}  // namespace fitvram
