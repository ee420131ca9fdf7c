#pragma once
#include <optional>

#include "fitvram/fit.hpp"

namespace fitvram {

/// fit() where it may be known already what the weights take (of the request as it was made).
Fit fit_with(const FitRequest& request, const Weights& weights,
             const std::optional<Placement>& placed);

}  // namespace fitvram
