#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"
#include "llama/memory/cells.hpp"

namespace fitvram {

/// What these rules were read from, and how steps of the arithmetic name it.
inline constexpr std::string_view llama_cpp_version = "v0.5.0";
inline constexpr const char* llama_cpp_source = "llama.cpp v0.5.0";

/// Sources, all v0.5.0: src/llama-model.cpp and ggml-alloc.c for the weights,
/// src/llama-kv-cache*.cpp and src/llama-memory-*.cpp for the context, src/llama-context.cpp for
/// what it refuses.
extern const Runtime llama_cpp_runtime;

/// Its rules that runtimes which run llama-server share.
Placement llama_cpp_weights(const ModelInfo& model, const Weights& weights,
                            const Workload& workload);
/// One copy of a tensor that is loaded: its index, and where it lies.
struct PlacedTensor {
  std::size_t tensor = 0;
  bool device = false;
};
std::vector<PlacedTensor> llama_cpp_placement(const ModelInfo& model, const Workload& workload);
ContextEstimate llama_cpp_context(const ModelInfo& model, const Workload& workload);
void llama_cpp_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
std::optional<Error> llama_cpp_refusal(const ModelInfo& model, const Workload& workload);

/// automatic_reserve() as a rule.
Bytes window_reserve(const ModelInfo& model, const Device& device, const Workload& workload);
Step explain_window_reserve(const ModelInfo& model, Bytes vram, Bytes reserve);
bool llama_cpp_loads_all_blocks(const ModelInfo& model, const Workload& workload);

}  // namespace fitvram
