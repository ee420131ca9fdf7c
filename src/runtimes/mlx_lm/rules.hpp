#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// mlx-lm's rules (see Rules) on Apple silicon. Sources: github.com/ml-explore/mlx-lm d78bf58e
/// (2026-08-22), mlx_lm/models/cache.py, generate.py and models/*.py.
bool mlx_lm_honours_window(const ModelInfo& model);
ContextEstimate mlx_lm_context(const ModelInfo& model, const Workload& workload,
                               const Runtime& runtime);
Placement mlx_lm_compute(const ModelInfo& model, const Workload& workload);
void mlx_lm_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
std::optional<Error> mlx_lm_refusal(const ModelInfo& model, const Workload& workload);
Defaults mlx_lm_defaults(const ModelInfo& model, const std::optional<Device>& device);
void mlx_lm_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps);

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
