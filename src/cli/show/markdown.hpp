#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// The table's columns between bars.
std::string render_markdown(const Report& report, const Style& style);

}  // namespace fitvram::cli
