#pragma once
#include <optional>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"
#include "llama/memory/cells.hpp"

namespace fitvram {

/// Sources, all v0.5.0: src/llama-model.cpp and ggml-alloc.c for the weights,
/// src/llama-kv-cache*.cpp and src/llama-memory-*.cpp for the context, src/llama-context.cpp for
/// what it refuses.
extern const Runtime llama_cpp_runtime;

/// Its rules that runtimes which run llama-server share.
ContextEstimate llama_cpp_context(const ModelInfo& model, const Workload& workload);
void llama_cpp_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
std::optional<Error> llama_cpp_refusal(const ModelInfo& model, const Workload& workload);

/// automatic_reserve() as a rule.
Bytes window_reserve(const ModelInfo& model, const Device& device, const Workload& workload);
Step explain_window_reserve(const ModelInfo& model, Bytes vram, Bytes reserve);
bool llama_cpp_loads_all_blocks(const ModelInfo& model, const Workload& workload);

}  // namespace fitvram
