#include "cli/show/notes.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

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
  void operator()(const LogReport& body) { add(body.log, body.row.notes); }
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

}  // namespace

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

}  // namespace fitvram::cli
