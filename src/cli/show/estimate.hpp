#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// Name, shape and request of a row: the lines above its figures.
std::string heading(const Row& row, const Runtime& runtime);
/// One row of `estimate` in full: its parts, verdict, contexts and formulas.
std::string estimate_block(const Row& row, const Runtime& runtime, const Style& style);

}  // namespace fitvram::cli
