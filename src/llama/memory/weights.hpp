#pragma once
#include <cstddef>
#include <vector>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// The model's bytes where llama.cpp loads them (src/llama-model.cpp, ggml-alloc.c, v0.5.0).
Placement llama_cpp_weights(const ModelInfo& model, const Weights& weights,
                            const Workload& workload);
/// One copy of a tensor that is loaded: its index, and where it lies.
struct PlacedTensor {
  std::size_t tensor = 0;
  bool device = false;
};
std::vector<PlacedTensor> llama_cpp_placement(const ModelInfo& model, const Workload& workload);
}  // namespace fitvram
