#pragma once
#include <cstdint>
#include <vector>

#include "families/family.hpp"
#include "fitvram/estimate.hpp"
#include "llama/memory/cells.hpp"
#include "llama/memory/placement.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/sequences.hpp"

namespace fitvram {

/// Layers with equal caches on the same device.
std::vector<LayerGroup> layer_groups(const ModelInfo& model, const Devices& devices);

/// One tensor that a context allocates, in each of `n_layer` layers. `growth` is the law the
/// runtime follows: a window that it ignores reads `full`.
struct CacheTensor {
  std::size_t layer = 0;
  std::uint32_t n_layer = 1;
  CacheRole role = CacheRole::kv;
  Growth growth = Growth::full;
  std::uint32_t span = 0;
  std::uint64_t cells = 0;
  std::uint64_t ne0 = 0;   ///< values per row
  std::uint64_t rows = 0;  ///< cells of all streams
  const TensorType* type = nullptr;
  bool first_of_slot = true;
};

/// Widest V row over all blocks: without flash attention V is stored transposed and every layer
/// gets this width (src/llama-kv-cache.cpp, v0.5.0).
std::uint64_t widest_v_row(const ModelInfo& model);

/// Whether V is stored transposed: only when flash attention is off from the start; `automatic`
/// counts as on even if it later resolves to off (src/llama-context.cpp, v0.5.0).
bool v_transposed(const ModelInfo& model, const Workload& workload);

/// Calls `visit(CacheTensor)` for every cache tensor of every group, K before V.
template <typename Visit>
void for_each_cache_tensor(const ModelInfo& model, const std::vector<LayerGroup>& groups,
                           const Workload& workload, Visit visit) {
  const ContextSize size = llama_context_size(workload);
  const bool honours = llama_cpp_honours_window(model);
  const Family* family = find_family(model.architecture);
  const bool per_sequence = family != nullptr && family->cache.memory == MemoryClass::dsv4;
  const bool rollback = family != nullptr && family->cache.rollback;
  const std::uint64_t n_seq = n_seq_of(workload);
  const std::uint64_t v_row = v_transposed(model, workload) ? widest_v_row(model) : 0;

  ContextSize slot_size = size;
  if (per_sequence) slot_size.n_stream = n_seq;
  Workload slot_work = workload;
  if (!rollback) slot_work.n_rs_seq = 0;

  for (const LayerGroup& group : groups) {
    for (CacheSlot slot : model.layers[group.layer].caches) {
      const bool window = is_window(slot.growth);
      if (window && !honours) slot.growth = Growth::full, slot.span = 0;
      const bool state = slot.growth == Growth::constant;
      CacheTensor tensor;
      tensor.layer = group.layer;
      tensor.n_layer = group.n_layer;
      tensor.role = slot.role;
      tensor.growth = slot.growth;
      tensor.span = slot.span;
      tensor.cells = llama_cells(slot, slot_size, slot_work);
      tensor.rows = state ? tensor.cells : sat_mul(tensor.cells, slot_size.n_stream);
      tensor.ne0 = std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_k;
      tensor.type = state ? &state_type() : &cache_type_k(workload);
      if (state) tensor.cells = n_seq;
      if (tensor.ne0 != 0) visit(static_cast<const CacheTensor&>(tensor));
      if (slot.shape.dim_v == 0) continue;
      tensor.first_of_slot = tensor.ne0 == 0;
      tensor.ne0 = std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_v;
      if (slot.role == CacheRole::kv && v_row != 0) tensor.ne0 = v_row;
      if (!state) tensor.type = &cache_type_v(workload);
      visit(static_cast<const CacheTensor&>(tensor));
    }
  }
}

}  // namespace fitvram
