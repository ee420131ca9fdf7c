#include "cli/show/sheet.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

constexpr std::array<Format, 7> format_table = {{
    {"table", render_table, false},
    {"json", render_json, true},
    {"ndjson", render_ndjson, true},
    {"csv", render_csv, false},
    {"markdown", render_markdown, false},
    {"junit", render_junit, false, true},
    {"github", render_github, false, true},
}};

std::string note_line(const std::string& where, const Note& note) {
  const char* kind = note.severity == Severity::warning ? "warning" : "note";
  return formatted("fitvram: {}: {}: {}\n", kind, printable(where), printable(note.message));
}

struct Notes {
  std::string text;

  void add(const std::string& where, const std::vector<Note>& notes) {
    for (const auto& note : notes) {
      const auto line = note_line(where, note);
      if (text.find(line) == std::string::npos) text += line;
    }
  }
  void operator()(const EstimateReport& body) {
    for (const auto& row : body.rows) add(row.model->name, row.notes);
  }
  void operator()(const ShowReport& body) {
    for (const auto& entry : body.models) add(entry.model.name, entry.model.notes);
  }
  void operator()(const PlanReport& body) {
    for (const auto& rows : body.models)
      if (!rows.empty()) add(rows.front().model->name, rows.front().notes);
  }
  void operator()(const ListReport&) {}
  void operator()(const RuntimesReport& body) {
    for (const auto& entry : body.models)
      for (const auto& line : entry.lines) {
        if (!line.row) continue;
        std::vector<Note> warnings = line.row->notes;
        std::erase_if(warnings, [](const Note& n) { return n.severity != Severity::warning; });
        add(entry.model->name + ", " + std::string(line.runtime->name), warnings);
      }
  }
  void operator()(const CompareReport& body) { add(body.log, body.row.notes); }
  void operator()(const CheckReport& body) {
    for (const auto& entry : body.entries)
      if (entry.row)
        for (const auto& note : entry.row->notes)
          if (note.severity == Severity::warning) add(entry.name, {note});
    if (body.baseline_file.empty()) return;
    for (const auto& name : body.gone)
      add(body.baseline_file, {{Severity::info, "gone", "'" + name + "' is in no entry any more"}});
  }
  void operator()(const RankReport& body) {
    std::map<std::string, std::size_t> codes;
    for (const auto& row : body.rows)
      for (const auto& note : row.notes)
        if (note.severity == Severity::warning && note.code != "multi-gpu-pooled") {
          if (!body.whole_catalog) add(row.model->name, {note});
          ++codes[note.code];
        }
    if (body.gpu.count > 1)
      text += formatted("fitvram: warning: {} cards are counted as one pool of {} GiB\n",
                        body.gpu.count, gib(body.gpu.vram));
    if (!body.skipped.empty())
      text +=
          formatted("fitvram: note: {} cannot run as asked, the first: {}: {} (--json names all)\n",
                    plural(body.skipped.size(), body.cut ? "larger model" : "model"),
                    printable(body.skipped.front().where), printable(body.skipped.front().message));
    if (!body.whole_catalog || codes.empty()) return;
    std::string list;
    for (const auto& [code, count] : codes)
      list += formatted("{}{} {}", list.empty() ? "" : ", ", count, code);
    text +=
        formatted("fitvram: note: rows with warnings: {} (--json or estimate says more)\n", list);
  }
};

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

}  // namespace

std::span<const Format> formats() { return format_table; }

const Format* find_format(std::string_view name) {
  const auto at = std::find_if(format_table.begin(), format_table.end(),
                               [&](const Format& format) { return format.name == name; });
  return at == format_table.end() ? nullptr : &*at;
}

std::string render_notes(const Report& report) {
  Notes notes;
  std::visit([&](const auto& body) { notes(body); }, report.body);
  return notes.text;
}

std::string render_error(const Error& error) {
  const auto where = error.where.empty() ? "" : printable(error.where) + ": ";
  const auto hint = error.hint.empty() ? "" : "  hint: " + printable(error.hint) + "\n";
  return formatted("fitvram: error: {}{}\n{}", where, printable(error.message), hint);
}

std::string gib(Bytes bytes) {
  return formatted("{:.2f}", static_cast<double>(bytes.count) / static_cast<double>(GiB.count));
}

std::string signed_gib(std::int64_t bytes) {
  return formatted("{:.2f}", static_cast<double>(bytes) / static_cast<double>(GiB.count));
}

namespace {

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

std::string layout(const Sheet& sheet, std::size_t width) {
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

}  // namespace fitvram::cli
