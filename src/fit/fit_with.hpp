#pragma once
#include <optional>

#include "fitvram/fit.hpp"

namespace fitvram {

/// Whether the compute buffers depend on the types of the weights: the runtime adapts the request
/// to their size, or moves some to the device while it runs.
bool by_types(const ModelInfo& model, const Workload& workload, const Runtime& runtime);

/// fit() where it may be known already what the weights take (of the request as it was made).
Fit fit_around(const ModelInfo& model, const Weights& weights, const Workload& workload,
               const Runtime& runtime, const Device& device, const ReservePolicy& reserve,
               bool extend_ctx, ModelMemo* memo, const std::optional<Placement>& placed);

}  // namespace fitvram
