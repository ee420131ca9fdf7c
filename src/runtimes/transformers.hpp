#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Rules of Hugging Face transformers with its default DynamicCache, in 16 bits (see Rules).
/// n_batch is the prefill chunk, 0 = the whole prompt at once, as generate() does it.
/// Source: src/transformers/cache_utils.py @004999d9.
bool transformers_honours_window(const ModelInfo& model);
Placement transformers_weights(const ModelInfo& model, const Weights& weights,
                               const Workload& workload);
ContextEstimate transformers_context(const ModelInfo& model, const Workload& workload,
                                     const Runtime& runtime);
Placement transformers_compute(const ModelInfo& model, const Workload& workload);
void transformers_overhead(const ModelInfo& model, const Workload& workload,
                           MemoryEstimate& memory);
std::optional<Error> transformers_refusal(const ModelInfo& model, const Workload& workload);
Defaults transformers_defaults(const ModelInfo& model, const std::optional<Device>& device);
void transformers_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                          const MemoryEstimate& memory, std::vector<Step>& steps);

}  // namespace fitvram
