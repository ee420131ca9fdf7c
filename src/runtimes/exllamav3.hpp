#pragma once
#include <optional>
#include <vector>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// exllamav3's rules (see Rules). Sources: github.com/turboderp-org/exllamav3 4f8ad012
/// (2026-08-08), exllamav3/cache/*.py and constants.py; architecture/architectures.py @000ad6a2.
bool exllamav3_honours_window(const ModelInfo& model);
ContextEstimate exllamav3_context(const ModelInfo& model, const Workload& workload,
                                  const Runtime& runtime);
Placement exllamav3_compute(const ModelInfo& model, const Workload& workload);
void exllamav3_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
std::optional<Error> exllamav3_refusal(const ModelInfo& model, const Workload& workload);
Defaults exllamav3_defaults(const ModelInfo& model, const std::optional<Device>& device);
void exllamav3_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                       const MemoryEstimate& memory, std::vector<Step>& steps);

}  // namespace fitvram
