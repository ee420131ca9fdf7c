#pragma once
#include <optional>

#include "fitvram/fit.hpp"

namespace fitvram {

/// fit() where it may be known already what the weights take (of the request as it was made).
Fit fit_with(const ModelInfo& model, const Weights& weights, const Workload& workload,
             const Runtime& runtime, const Device& device, const ReservePolicy& reserve,
             bool extend_ctx, ModelMemo* memo, const std::optional<Placement>& placed);

}  // namespace fitvram
