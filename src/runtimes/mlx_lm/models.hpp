#pragma once
#include <span>
#include <string_view>

#include "fitvram/model.hpp"

namespace fitvram {

/// How a file of mlx_lm/models keeps its caches, where not simply K and V of every token.
enum class MlxCache {
  plain,     ///< KVCache
  rotating,  ///< RotatingKVCache of the window in window layers, KVCache in the others
  chunked,   ///< ChunkedKVCache in chunked layers
  latent,    ///< MLA keeps the latent and the rotated key
  expanded   ///< MLA keeps the keys and values of every head
};
struct MlxFamily {
  std::string_view model_type;
  MlxCache cache = MlxCache::plain;
};
/// The model types that it has a file for, sorted.
std::span<const MlxFamily> mlx_families();
/// The row of a model, by its model_type or the first of its architecture's words that has one;
/// nullptr: mlx-lm cannot load it.
const MlxFamily* mlx_family(const ModelInfo& model);

}  // namespace fitvram
