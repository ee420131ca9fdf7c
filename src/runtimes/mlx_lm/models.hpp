#pragma once
#include <optional>
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
struct MlxModel {
  std::string_view type;
  MlxCache cache = MlxCache::plain;
};

/// What mlx-lm loads a model as, by its model_type or the first of its architecture's words that
/// mlx_lm/models has a file for (utils.py MODEL_REMAPPING counted); nothing: it cannot load it. The
/// model must outlive it.
std::optional<MlxModel> mlx_model(const ModelInfo& model);

}  // namespace fitvram
