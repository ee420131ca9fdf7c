#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// vLLM's rules (see Rules). Figures are sums over the cards of a tensor-parallel group.
/// Sources: vllm/v1/core/kv_cache_utils.py and v1/kv_cache_interface.py @001cabc1, config/cache.py
/// @002f10e0, start-up logs of 2024-12 to 2026-09 for what is only bounded.
bool vllm_honours_window(const ModelInfo& model);
Placement vllm_weights(const ModelInfo& model, const Weights& weights, const Workload& workload);
ContextEstimate vllm_context(const ModelInfo& model, const Workload& workload,
                             const Runtime& runtime);
Placement vllm_compute(const ModelInfo& model, const Workload& workload);
void vllm_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
Bytes vllm_budget(const Device& device, const Workload& workload);
std::optional<Error> vllm_refusal(const ModelInfo& model, const Workload& workload);
Defaults vllm_defaults(const ModelInfo& model, const std::optional<Device>& device);
std::vector<Answer> vllm_answers(const ModelInfo& model, const Weights& weights,
                                 const Workload& workload, const Device& device);
std::string vllm_launch(const ModelInfo& model, const std::string& quant, const Workload& workload);
void vllm_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                  const MemoryEstimate& memory, std::vector<Step>& steps);

}  // namespace fitvram
