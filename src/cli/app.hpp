#pragma once
#include "cli/base/exit_code.hpp"

namespace fitvram::cli {

class Io;

/// The whole program. Never throws; prints through `io` only.
ExitCode run(Io& io);

}  // namespace fitvram::cli
