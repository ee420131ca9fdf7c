#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/ask/request.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// How tables are drawn. Machine formats ignore it: they are the same on a terminal and in a pipe.
struct Style {
  bool color = false;
  std::size_t width = 80;
};

/// An output format is a pure function and its row in `formats`.
struct Format {
  std::string_view name;
  std::string (*render)(const Report& report, const Style& style);
  bool carries_notes;       ///< notes are part of the output, so they are not repeated for people
  bool only_check = false;  ///< for what a catalogue's check finds, and nothing else
};
std::span<const Format> formats();
const Format* find_format(std::string_view name);

std::string render_table(const Report& report, const Style& style);
std::string render_json(const Report& report, const Style& style);
std::string render_ndjson(const Report& report, const Style& style);
std::string render_csv(const Report& report, const Style& style);
std::string render_markdown(const Report& report, const Style& style);

std::string render_junit(const Report& report, const Style& style);
std::string render_github(const Report& report, const Style& style);

/// The line that answers a request of a batch, around what render_result() says of the answer,
/// which is the same for all who ask the same; and the line that says why there is no answer.
void add_answer(std::string& out, std::size_t line, const std::string& id, std::string_view result);
std::string render_result(const Row& row, const Runtime& runtime);
void add_refusal(std::string& out, std::size_t line, const std::string& id, const Error& error);
std::string render_baseline(const Baseline& baseline);

/// Lines for standard error: "fitvram: warning: gemma3: ...".
std::string render_notes(const Report& report);
/// "fitvram: error: where: message", and "  hint: ..." where there is one.
std::string render_error(const Error& error);

/// "23.99": GiB with two decimals.
std::string gib(Bytes bytes);
std::string signed_gib(std::int64_t bytes);

/// The rows of a report as people compare them: the table's columns, for table and markdown.
struct Sheet {
  struct Column {
    std::string title;
    bool right = false;
    bool spare = false;  ///< given up where there is no room for it
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};
Sheet sheet_of_rows(std::span<const Row> rows, bool plan);
Sheet sheet_of_grid(const Grid& grid);
Sheet sheet_of_runtimes(const RuntimesReport::Entry& entry);
Sheet sheet_of_comparison(const LogComparison& comparison);

/// "holds", "breaks" or "error".
std::string_view status_of(const CheckedEntry& entry);

/// "16386.94", "-0.31": hundredths of a MiB.
std::string mib(std::int64_t hundredths);

std::string markdown_of(const Sheet& sheet);
/// RFC 4180.
std::string csv_of(const std::vector<std::string>& keys,
                   const std::vector<std::vector<std::string>>& rows);

/// Columns padded to their contents; the first is shortened in the middle, the last cut off at
/// words, where the line would be wider than `width`.
std::string layout(const Sheet& sheet, std::size_t width);
/// Without as many of the spare columns, the last first, as it takes to keep lines within `width`.
Sheet within(Sheet sheet, std::size_t width);

}  // namespace fitvram::cli
