#pragma once
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// The architecture table: rules in words.
Grid architecture_grid();

}  // namespace fitvram::cli
