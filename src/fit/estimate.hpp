#pragma once
#include <optional>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// The parts of an estimate that are known already.
struct Given {
  std::optional<Placement> model, compute;
};

/// estimate() with what is given.
MemoryEstimate estimate_with(const ModelInfo& model, const Weights& weights,
                             const Workload& workload, const Runtime& runtime, const Given& given);

}  // namespace fitvram
