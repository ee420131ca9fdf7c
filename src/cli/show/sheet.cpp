#include "cli/show/sheet.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/prose.hpp"

namespace fitvram::cli {
namespace {

/// printable(), line by line: a field may hold line breaks.
std::string printable_lines(const std::string& text) {
  std::string out;
  for (std::size_t from = 0, end = 0; end != std::string::npos; from = end + 1) {
    end = text.find('\n', from);
    out += (from == 0 ? "" : "\n") + printable(std::string_view(text).substr(from, end - from));
  }
  return out;
}

/// RFC 4180: quoted when it holds a comma, a quote or a line break.
std::string csv_field(const std::string& raw) {
  const auto text = printable_lines(raw);
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i)
    line += (i == 0 ? "" : ",") + csv_field(fields[i]);
  return line + "\r\n";
}

std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

/// The first or last `n` characters of UTF-8 text.
std::string head(const std::string& text, std::size_t n) {
  std::size_t i = 0;
  for (std::size_t seen = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U && ++seen > n) break;
  return text.substr(0, i);
}

std::string elided(const std::string& text, std::size_t width) {
  const std::size_t have = columns_of(text);
  if (have <= width || width < 5) return text;
  const std::size_t keep_end = (width - 2) / 4;
  const std::size_t keep_start = width - 2 - keep_end;
  return head(text, keep_start) + ".." + text.substr(head(text, have - keep_end).size());
}

std::vector<std::size_t> widths_of(const Sheet& sheet) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
    widths.push_back(columns_of(sheet.columns[i].title));
    for (const auto& row : sheet.rows) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  return widths;
}

/// Blanks ahead of a column.
std::size_t gap_of(const Sheet& sheet, std::size_t i) {
  if (i == 0) return 0;
  return sheet.columns[i].right && sheet.columns[i - 1].right ? 1 : 2;
}

std::size_t total_of(const Sheet& sheet, const std::vector<std::size_t>& widths) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) total += gap_of(sheet, i) + widths[i];
  return total;
}

}  // namespace

Sheet within(Sheet sheet, std::size_t width) {
  while (total_of(sheet, widths_of(sheet)) > width) {
    const auto last = std::find_if(sheet.columns.rbegin(), sheet.columns.rend(),
                                   [](const auto& column) { return column.spare; });
    if (last == sheet.columns.rend()) break;
    const auto at = std::next(last).base() - sheet.columns.begin();
    sheet.columns.erase(sheet.columns.begin() + at);
    for (auto& row : sheet.rows) row.erase(row.begin() + at);
  }
  return sheet;
}

std::string aligned(const Sheet& sheet, std::size_t width) {
  const std::size_t n = sheet.columns.size();
  std::vector<std::size_t> widths = widths_of(sheet);
  std::size_t total = total_of(sheet, widths);
  const auto shrink = [&](std::size_t& column, std::size_t least) {
    const std::size_t excess = total > width ? total - width : 0;
    const std::size_t less = std::min(excess, column > least ? column - least : 0);
    column -= less;
    total -= less;
  };
  if (!sheet.columns[n - 1].right) shrink(widths[n - 1], 24);
  shrink(widths[0], 16);

  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    const auto add = [&](std::size_t i, const std::string& word) {
      const std::string pad(widths[i] - std::min(widths[i], columns_of(word)), ' ');
      text += std::string(gap_of(sheet, i), ' ');
      text += sheet.columns[i].right ? pad + word : word + pad;
    };
    const auto finish = [&] {
      text.erase(text.find_last_not_of(' ') + 1);
      out += text + "\n";
    };
    for (std::size_t i = 0; i + 1 < n; ++i)
      add(i, i == 0 && !sheet.columns[0].right ? elided(cells[0], widths[0]) : cells[i]);
    const std::size_t indent = text.size() + gap_of(sheet, n - 1);
    const auto last = sheet.columns[n - 1].right ? std::vector<std::string>{cells[n - 1]}
                                                 : wrapped(cells[n - 1], widths[n - 1]);
    add(n - 1, last.front());
    finish();
    for (std::size_t i = 1; i < last.size(); ++i) {
      text = std::string(indent, ' ') + last[i];
      finish();
    }
  };
  std::vector<std::string> titles;
  for (const auto& column : sheet.columns) titles.push_back(column.title);
  line(titles);
  for (const auto& row : sheet.rows) line(row);
  return out;
}

std::string csv_of(const std::vector<std::string>& keys,
                   const std::vector<std::vector<std::string>>& rows) {
  std::string out = csv_line(keys);
  for (const auto& row : rows) out += csv_line(row);
  return out;
}

std::string markdown_of(const Sheet& sheet) {
  std::string out = "|";
  for (const auto& column : sheet.columns) out += " " + markdown_cell(column.title) + " |";
  out += "\n|";
  for (const auto& column : sheet.columns) out += column.right ? " ---: |" : " --- |";
  out += "\n";
  for (const auto& row : sheet.rows) {
    out += "|";
    for (const auto& cell : row) out += " " + markdown_cell(cell) + " |";
    out += "\n";
  }
  return out;
}

}  // namespace fitvram::cli
