#pragma once
#include "cli/base/exit_code.hpp"
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"

namespace fitvram::cli {

/// Answers the requests of --batch in their order, one line each, as they come: what is written
/// never waits for a request that has not been written yet. A request that cannot be answered
/// gives an error on its line and changes nothing else, the exit status included.
ExitCode run_batch(Io& io, const Options& options);

}  // namespace fitvram::cli
