#pragma once
#include <span>
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// For people: a table where there are rows to compare, else a block each.
std::string render_table(const Report& report, const Style& style);

/// Rows as people compare them: the table's columns, for table and markdown.
Sheet sheet_of_rows(std::span<const Row> rows, bool plan);

}  // namespace fitvram::cli
