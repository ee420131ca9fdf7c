#pragma once
#include <cstdint>
#include <vector>

#include "families/family.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Fills `model.layers`, `n_layer`, defaults in `model.hparams` and notes from `model.hparams`.
/// Throws Malformed (base/malformed.hpp) when a fact that the cache depends on is missing or
/// impossible; for an unknown architecture computes only what the facts determine and marks it
/// assumed.
void lower_layers(ModelInfo& model);

/// What llama.cpp's loader makes of a model's facts before it creates caches, one flag per block.
struct Layout {
  CacheRule rule;
  std::uint32_t n_all = 0;    ///< blocks of the file
  std::uint32_t n_trunk = 0;  ///< without next-token-prediction blocks
  std::uint32_t n_kv = 0;     ///< blocks from here on reuse an earlier cache
  bool mla = false;           ///< K-only latent cache
  std::uint32_t n_swa = 0;    ///< tokens; 0 = no window
  std::vector<bool> swa;
  std::vector<bool> recurrent;
  std::vector<bool> indexer;
};

/// Checks the facts, fills `architecture`, `layout`, notes and the defaults in `hparams`. Throws
/// Malformed when a fact that a cache depends on is missing or impossible.
Layout layout_of(ModelInfo& model);

/// True when block `i` is given an attention cache (the layer filters of create_memory).
bool has_attention(const Layout& at, const Hparams& hp, std::uint32_t i);

}  // namespace fitvram
