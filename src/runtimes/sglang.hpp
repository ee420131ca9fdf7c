#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Only the models of hybrid_swa_archs (configs/model_config.py is_hybrid_swa_model) have a smaller
/// pool for their window layers; others keep every token in every layer.
bool sglang_honours_window(const ModelInfo& model);

/// SGLang's rules (see Rules). Weights and the token pool share what --mem-fraction-static leaves;
/// the rest is for activations and CUDA graphs and not counted as need. Figures are sums over the
/// cards of a tensor-parallel group.
/// Sources: python/sglang/srt/server_args.py (blob 8356329), model_runner_kv_cache_mixin.py
/// @001ccef0.
ContextEstimate sglang_context(const ModelInfo& model, const Workload& workload,
                               const Runtime& runtime);
Placement sglang_compute(const ModelInfo& model, const Workload& workload);
void sglang_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
Bytes sglang_budget(const Device& device, const Workload& workload);
std::optional<Error> sglang_refusal(const ModelInfo& model, const Workload& workload);
Defaults sglang_defaults(const ModelInfo& model, const std::optional<Device>& device);
std::vector<Answer> sglang_answers(const ModelInfo& model, const Weights& weights,
                                   const Workload& workload, const Device& device);
std::string sglang_launch(const ModelInfo& model, const std::string& quant,
                          const Workload& workload);
void sglang_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps);

/// --mem-fraction-static when it is not given, in thousandths, for a card of `vram` bytes.
std::uint32_t mem_fraction_static(Bytes vram, std::uint32_t n_tp, std::uint32_t n_batch);

}  // namespace fitvram
