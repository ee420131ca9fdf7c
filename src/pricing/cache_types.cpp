#include "pricing/cache_types.hpp"

#include "weights/ggml_types.hpp"

namespace fitvram {

const TensorType& cache_type_k(const Workload& workload) {
  return workload.type_k != nullptr ? *workload.type_k : f16_type();
}

const TensorType& cache_type_v(const Workload& workload) {
  return workload.type_v != nullptr ? *workload.type_v : f16_type();
}

const TensorType& state_type() { return f32_type(); }

}  // namespace fitvram
