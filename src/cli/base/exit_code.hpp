#pragma once

namespace fitvram::cli {

enum class ExitCode {
  ok = 0,  ///< everything asked for fits, or nothing about fitting was asked
  does_not_fit = 1,
  usage = 2,     ///< the command line is wrong
  bad_input = 3  ///< an input cannot be read or is not supported
};

}  // namespace fitvram::cli
