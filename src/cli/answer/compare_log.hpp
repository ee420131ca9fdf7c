#pragma once
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// Reads a llama.cpp log, prices what it ran and puts both side by side. An Error where the log
/// tells no allocation or its model is not at hand.
Result<Report> run_compare_log(Io& io, const Options& options);

}  // namespace fitvram::cli
