#pragma once
#include <vector>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// The model's bytes on the device or the host: a step for each role of its tensors, and their sum.
std::vector<Step> explain_weights(const ModelInfo& model, const Weights& weights,
                                  const Workload& workload, bool device);

}  // namespace fitvram
