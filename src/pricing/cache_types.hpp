#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// The types of keys and values: those that were asked for, else f16.
const TensorType& cache_type_k(const Workload& workload);
const TensorType& cache_type_v(const Workload& workload);

/// The type of recurrent states, f32.
const TensorType& state_type();

}  // namespace fitvram
