#include "llama/memory/cache_tensors.hpp"

#include <algorithm>

#include "families/family.hpp"

namespace fitvram {

bool v_transposed(const ModelInfo& model, const Workload& workload) {
  const Family* family = find_family(model.architecture);
  return workload.flash_attn == FlashAttention::off || (family != nullptr && family->load.no_flash);
}

std::vector<LayerGroup> layer_groups(const ModelInfo& model, const Devices& devices) {
  std::vector<LayerGroup> groups;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const LayerGroup& group) {
      return devices.holds_layer(group.layer) == devices.holds_layer(i) &&
             model.layers[group.layer].caches == model.layers[i].caches;
    });
    if (same == groups.end())
      groups.push_back({i, 1});
    else
      ++same->n_layer;
  }
  return groups;
}

std::uint64_t widest_v_row(const ModelInfo& model) {
  std::uint64_t widest = 0;
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.role == CacheRole::kv)
        widest = std::max(widest, std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_v);
  return widest;
}

}  // namespace fitvram
