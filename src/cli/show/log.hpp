#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// A log beside the estimate, one line a figure; in the block also the heading and what it comes
/// to.
Sheet sheet_of_log(const LogComparison& comparison);
std::string log_block(const LogReport& body, const Runtime& runtime, const Style& style);

}  // namespace fitvram::cli
