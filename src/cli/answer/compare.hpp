#pragma once
#include <optional>
#include <vector>

#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// Each model under every runtime at one context: what -c says, else 8192 or the trained length
/// where that is less.
RuntimesReport compare_runtimes(const Options& options, const std::vector<Model>& models,
                                const std::optional<Gpu>& gpu);

}  // namespace fitvram::cli
