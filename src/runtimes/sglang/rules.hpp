#pragma once
#include <cstdint>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// Weights and the token pool share what --mem-fraction-static leaves; the rest is for activations
/// and CUDA graphs and not counted as need. Figures are sums over the cards of a tensor-parallel
/// group. Sources: python/sglang/srt/server_args.py (blob 8356329), model_runner_kv_cache_mixin.py
/// @001ccef0.
extern const Runtime sglang_runtime;

/// --mem-fraction-static when it is not given, in thousandths, for a card of `vram` bytes.
std::uint32_t mem_fraction_static(Bytes vram, std::uint32_t n_tp, std::uint32_t n_batch);

}  // namespace fitvram
