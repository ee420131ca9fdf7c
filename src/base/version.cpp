#include "fitvram/version.hpp"

namespace fitvram {

const char* library_version() { return FITVRAM_VERSION; }

}  // namespace fitvram
