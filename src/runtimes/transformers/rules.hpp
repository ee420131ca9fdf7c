#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Hugging Face transformers with its default DynamicCache, in 16 bits. n_batch is the prefill
/// chunk, 0 = the whole prompt at once, as generate() does it.
/// Source: src/transformers/cache_utils.py @004999d9.
extern const Runtime transformers_runtime;

}  // namespace fitvram
