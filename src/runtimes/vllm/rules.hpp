#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Figures are sums over the cards of a tensor-parallel group. Sources:
/// vllm/v1/core/kv_cache_utils.py and v1/kv_cache_interface.py @001cabc1, config/cache.py
/// @002f10e0, start-up logs of 2024-12 to 2026-09 for what is only bounded.
extern const Runtime vllm_runtime;

}  // namespace fitvram
