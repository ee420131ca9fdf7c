#pragma once
#include <optional>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// estimate() where the compute buffers may be known already.
MemoryEstimate estimate_around(const ModelInfo& model, const Weights& weights,
                               const Workload& workload, const Runtime& runtime,
                               const std::optional<Placement>& compute);

}  // namespace fitvram
