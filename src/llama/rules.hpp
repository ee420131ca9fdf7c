#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// llama.cpp's rules (see Rules); sources, all v0.5.0: src/llama-model.cpp and ggml-alloc.c for the
/// weights, src/llama-kv-cache*.cpp and src/llama-memory-*.cpp for the context,
/// src/llama-context.cpp for what it refuses.
bool llama_cpp_honours_window(const ModelInfo& model);
Placement llama_cpp_weights(const ModelInfo& model, const Weights& weights,
                            const Workload& workload);
/// One copy of a tensor that is loaded: its index, and where it lies.
struct PlacedTensor {
  std::size_t tensor = 0;
  bool device = false;
};
std::vector<PlacedTensor> llama_cpp_placement(const ModelInfo& model, const Workload& workload);
ContextEstimate llama_cpp_context(const ModelInfo& model, const Workload& workload,
                                  const Runtime& runtime);
void llama_cpp_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
std::optional<Error> llama_cpp_refusal(const ModelInfo& model, const Workload& workload);
std::string llama_cpp_launch(const ModelInfo& model, const std::string& quant,
                             const Workload& workload);
void llama_cpp_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                       const MemoryEstimate& memory, std::vector<Step>& steps);
Defaults llama_cpp_defaults(const ModelInfo& model, const std::optional<Device>& device);

/// A budget of everything the device has.
Bytes whole_device(const Device& device, const Workload& workload);
/// automatic_reserve() as a rule.
Bytes window_reserve(const ModelInfo& model, const Device& device, const Workload& workload);

}  // namespace fitvram
