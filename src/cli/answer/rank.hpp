#pragma once
#include "cli/answer/inputs.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// The models of `inputs` on a GPU, those that run first.
Result<Report> run_rank(const Options& options, Inputs inputs, const Gpu& gpu);

}  // namespace fitvram::cli
