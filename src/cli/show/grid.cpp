#include "cli/show/grid.hpp"

#include "base/text.hpp"

namespace fitvram::cli {

std::string text_of(const Cell& cell) {
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::uint64_t>(&cell)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return "";
}

Sheet sheet_of_grid(const Grid& grid) {
  Sheet sheet;
  for (const auto& column : grid.columns)
    if (!column.title.empty()) sheet.columns.push_back({column.title, column.right});
  for (const auto& row : grid.rows) {
    auto& line = sheet.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      if (!grid.columns[i].title.empty()) line.push_back(printable(text_of(row[i])));
  }
  return sheet;
}

}  // namespace fitvram::cli
