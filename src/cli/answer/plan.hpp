#pragma once
#include "cli/answer/inputs.hpp"
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// The GPUs that hold each model of `inputs`, the smallest first.
Result<Report> run_plan(Io& io, const Options& options, Inputs inputs);

}  // namespace fitvram::cli
