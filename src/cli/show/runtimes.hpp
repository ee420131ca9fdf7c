#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// One model under every runtime, a line each.
Sheet sheet_of_runtimes(const RuntimesReport::Entry& entry);
std::string runtimes_block(const RuntimesReport::Entry& entry, const Style& style);

}  // namespace fitvram::cli
