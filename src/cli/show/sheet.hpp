#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace fitvram::cli {

/// Rows and columns of text for people.
struct Sheet {
  struct Column {
    std::string title;
    bool right = false;
    bool spare = false;  ///< given up where there is no room for it
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

/// Columns padded to their contents; the first is shortened in the middle, the last cut off at
/// words, where the line would be wider than `width`.
std::string aligned(const Sheet& sheet, std::size_t width);
/// Without as many of the spare columns, the last first, as it takes to keep lines within `width`.
Sheet within(Sheet sheet, std::size_t width);

std::string markdown_of(const Sheet& sheet);
/// RFC 4180.
std::string csv_of(const std::vector<std::string>& keys,
                   const std::vector<std::vector<std::string>>& rows);

}  // namespace fitvram::cli
