#include "cli/show/check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

std::size_t count_of(const CheckReport& body, std::string_view status) {
  return static_cast<std::size_t>(
      std::count_if(body.entries.begin(), body.entries.end(),
                    [&](const CheckedEntry& entry) { return status_of(entry) == status; }));
}

std::string summary(const CheckReport& body) {
  const auto n_breaks = count_of(body, "breaks");
  const auto n_errors = count_of(body, "error");
  const auto n_holds = count_of(body, "holds");
  std::string out =
      formatted("{} of {} {}", n_holds, plural(body.entries.size(), "entry", "entries"),
                n_holds == 1 ? "holds" : "hold");
  if (n_breaks != 0) out += formatted(", {} {}", n_breaks, n_breaks == 1 ? "breaks" : "break");
  if (n_errors != 0) out += formatted(", {} cannot be answered", n_errors);
  return out + "\n";
}

/// "takes 22.36 GiB ...; is tight on ...": all that is wrong with an entry, whose file and line
/// are told otherwise.
std::string reasons(const CheckReport& body, const CheckedEntry& entry) {
  std::string text;
  if (entry.error) {
    auto where = entry.error->where;
    if (where.starts_with(body.file + ":")) {
      const auto end = where.find(": ", body.file.size() + 1);
      where = end == std::string::npos ? "" : where.substr(end + 2);
    }
    text = (where.empty() ? "" : where + ": ") + entry.error->message;
    return entry.error->hint.empty() ? text : text + " (" + entry.error->hint + ")";
  }
  for (const auto& breach : entry.breaches) text += (text.empty() ? "" : "; ") + breach.message;
  return text;
}

std::string growth_of(const CheckedEntry& entry) {
  if (!entry.row) return "";
  if (!entry.baseline) return "new";
  const auto now = entry.row->memory.device_total();
  const bool more = now > *entry.baseline;
  const auto apart = more ? now - *entry.baseline : *entry.baseline - now;
  if (apart.count == 0) return "0";
  return (more ? "+" : "-") + gib(apart);
}

Sheet sheet_of(const CheckReport& body) {
  const bool grows = !body.baseline_file.empty();
  Sheet sheet{{{"ENTRY"},
               {"STATUS"},
               {"TOTAL", true},
               {"FREE", true},
               {"VERDICT"},
               {"SAFE", true},
               {"MAX", true}},
              {}};
  if (grows) sheet.columns.push_back({"GROWTH", true});
  const auto context = [](std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); };
  for (const auto& entry : body.entries) {
    auto& line = sheet.rows.emplace_back();
    line = {printable(entry.name), std::string(status_of(entry))};
    line.push_back(entry.row ? gib(entry.row->memory.device_total()) : "");
    const auto* fit = entry.row && entry.row->fit ? &*entry.row->fit : nullptr;
    line.push_back(fit == nullptr ? "" : signed_gib(fit->free));
    line.push_back(fit == nullptr ? "" : fitvram::name_of(fit->verdict));
    line.push_back(fit == nullptr ? "" : context(fit->safe_n_ctx));
    line.push_back(fit == nullptr ? "" : context(fit->max_n_ctx));
    if (grows) line.push_back(growth_of(entry));
  }
  return sheet;
}

/// The line with its status in the verdict's colour.
std::string painted_line(std::string line, std::size_t from, const CheckedEntry& entry,
                         const Style& style) {
  const std::string word(status_of(entry));
  const auto at = line.find(word, from);
  if (at == std::string::npos) return line;
  return line.replace(at, word.size(),
                      painted(entry.holds() ? Verdict::fits : Verdict::no, word, style));
}

std::string indented(const std::string& text, const Style& style) {
  std::string out;
  std::size_t column = 2;
  for (const auto& line : wrapped(printable(text), style.width - 4)) {
    out += std::string(column, ' ') + line + "\n";
    column = 4;
  }
  return out;
}

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string junit_case(const CheckReport& body, const CheckedEntry& entry) {
  auto out = formatted("    <testcase classname=\"{0}\" name=\"{1}\" file=\"{0}\" line=\"{2}\"",
                       xml(body.file), xml(entry.name), entry.line);
  if (entry.holds()) return out + "/>\n";
  const auto* const kind = entry.error ? "error" : "failure";
  const auto type =
      entry.error ? fitvram::name_of(entry.error->code) : entry.breaches.front().code.c_str();
  return out +
         formatted(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}:{4}</{0}>\n    </testcase>\n",
                   kind, type, xml(reasons(body, entry)), xml(body.file), entry.line);
}

/// A workflow command of GitHub: what it must not contain is written as in a URL.
std::string workflow_text(const std::string& text, std::string_view special) {
  std::string out;
  for (const char c : printable(text))
    if (special.find(c) != std::string_view::npos)
      out += formatted("%{:02X}", static_cast<unsigned>(c));
    else
      out += c;
  return out;
}

}  // namespace

std::string checks_block(const CheckReport& body, const Style& style) {
  const auto table = aligned(sheet_of(body), style.width);
  std::string out;
  std::size_t from = table.find('\n') + 1;
  const auto status_at = table.find("STATUS");
  out = table.substr(0, from);
  for (const auto& entry : body.entries) {
    const auto end = table.find('\n', from);
    out += painted_line(table.substr(from, end - from), status_at, entry, style) + "\n";
    from = end + 1;
    for (const auto& breach : entry.breaches) out += indented(breach.message, style);
    if (!entry.error) continue;
    out += indented(entry.error->where + ": " + entry.error->message, style);
    if (!entry.error->hint.empty()) out += indented("hint: " + entry.error->hint, style);
  }
  return out + "\n" + summary(body);
}

std::string checks_markdown(const CheckReport& body) {
  auto sheet = sheet_of(body);
  sheet.columns.push_back({"WHY"});
  for (std::size_t i = 0; i < sheet.rows.size(); ++i)
    sheet.rows[i].push_back(reasons(body, body.entries[i]));
  return markdown_of(sheet) + "\n" + summary(body);
}

std::string checks_csv(const CheckReport& body) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : body.entries) {
    const auto* row = entry.row ? &*entry.row : nullptr;
    const auto* fit = row != nullptr && row->fit ? &*row->fit : nullptr;
    const auto number = [](std::uint64_t n) { return std::to_string(n); };
    rows.push_back({entry.name, number(entry.line), std::string(status_of(entry)),
                    row == nullptr ? "" : row->model->name, row == nullptr ? "" : row->quant,
                    fit == nullptr ? "" : row->gpu->name,
                    row == nullptr ? "" : number(row->memory.device_total().count),
                    fit == nullptr ? "" : fitvram::name_of(fit->verdict),
                    fit == nullptr ? "" : std::to_string(fit->free),
                    fit == nullptr ? "" : number(fit->safe_n_ctx),
                    fit == nullptr ? "" : number(fit->max_n_ctx),
                    entry.baseline ? number(entry.baseline->count) : "", reasons(body, entry)});
  }
  return csv_of({"entry", "line", "status", "model", "quant", "gpu", "device_total_bytes",
                 "verdict", "free_bytes", "safe_n_ctx", "max_n_ctx", "baseline_bytes", "why"},
                rows);
}

std::string render_junit(const Report& report, const Style&) {
  const auto* const checks = std::get_if<CheckReport>(&report.body);
  if (checks == nullptr) return {};
  const auto& body = *checks;
  const auto counts = formatted("tests=\"{}\" failures=\"{}\" errors=\"{}\"", body.entries.size(),
                                count_of(body, "breaks"), count_of(body, "error"));
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += formatted("<testsuites name=\"fitvram check\" {}>\n", counts);
  out += formatted("  <testsuite name=\"{}\" {}>\n", xml(body.file), counts);
  for (const auto& entry : body.entries) out += junit_case(body, entry);
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string render_github(const Report& report, const Style&) {
  const auto* const checks = std::get_if<CheckReport>(&report.body);
  if (checks == nullptr) return {};
  const auto& body = *checks;
  std::string out;
  for (const auto& entry : body.entries)
    if (!entry.holds())
      out +=
          formatted("::error file={},line={},title={}::{}\n", workflow_text(body.file, "%\r\n:,"),
                    entry.line, workflow_text("fitvram: " + entry.name, "%\r\n:,"),
                    workflow_text(entry.name + ": " + reasons(body, entry), "%\r\n"));
  return out + summary(body);
}

}  // namespace fitvram::cli
