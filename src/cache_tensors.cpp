#include "cache_tensors.hpp"

namespace fitvram {

std::uint64_t widest_v_row(const ModelInfo& model) {
  std::uint64_t widest = 0;
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.role == CacheRole::kv)
        widest = std::max(widest, std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_v);
  return widest;
}

const TensorType& cache_type_k(const Workload& workload) {
  return workload.type_k != nullptr ? *workload.type_k : *find_tensor_type("F16");
}

const TensorType& cache_type_v(const Workload& workload) {
  return workload.type_v != nullptr ? *workload.type_v : *find_tensor_type("F16");
}

const TensorType& state_type() { return *find_tensor_type("F32"); }

}  // namespace fitvram
