#pragma once
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// The rows of one table, those that contain the filter's text.
Result<Report> run_list(Io& io, const Options& options);

}  // namespace fitvram::cli
