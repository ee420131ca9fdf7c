#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// Rows as RFC 4180 has them, bytes and counts unrounded.
std::string render_csv(const Report& report, const Style& style);

}  // namespace fitvram::cli
