#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// mlx-lm on Apple silicon. Sources: github.com/ml-explore/mlx-lm d78bf58e (2026-08-22),
/// mlx_lm/models/cache.py, generate.py and models/*.py.
extern const Runtime mlx_lm_runtime;

}  // namespace fitvram
