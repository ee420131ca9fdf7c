#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/sheet.hpp"

namespace fitvram::cli {

std::string text_of(const Cell& cell);
/// Its columns for people.
Sheet sheet_of_grid(const Grid& grid);

}  // namespace fitvram::cli
