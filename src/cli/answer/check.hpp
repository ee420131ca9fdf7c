#pragma once
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// Prices every entry of a catalogue and holds it against what the entry expects and, with
/// --baseline, against what it took when the baseline was written. An entry that cannot be priced
/// is in its place in the report; an Error is a catalogue or a baseline that cannot be read.
Result<Report> run_check(Io& io, const Options& options);

}  // namespace fitvram::cli
