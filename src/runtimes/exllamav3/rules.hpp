#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Sources: github.com/turboderp-org/exllamav3 4f8ad012 (2026-08-08), exllamav3/cache/*.py and
/// constants.py; architecture/architectures.py @000ad6a2.
extern const Runtime exllamav3_runtime;

}  // namespace fitvram
