#pragma once
#include <vector>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// The arithmetic of every figure of `memory`.
void llama_cpp_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                       const MemoryEstimate& memory, std::vector<Step>& steps);

/// That of the compute buffers: what is alive when each is as large as it gets.
struct ComputeSteps {
  Step device, host;
};
ComputeSteps explain_compute(const ModelInfo& model, const Weights& weights,
                             const Workload& workload);

}  // namespace fitvram
