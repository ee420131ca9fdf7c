#include "cli/show/runtimes.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

std::string tokens_or_none(std::uint64_t n) { return n == 0 ? "-" : std::to_string(n); }

/// The upper end of what is only known as a range is marked.
std::string bounded(Bytes bytes, bool range) {
  if (bytes.count == 0) return "-";
  return (range ? "<=" : "") + gib(bytes);
}

/// A runtime may store the cache otherwise than the others do.
bool caches_differ(const RuntimesReport::Entry& entry) {
  const Workload* first = nullptr;
  for (const auto& line : entry.lines) {
    if (!line.row) continue;
    if (first == nullptr) first = &line.row->workload;
    if (cache_types(*first) != cache_types(line.row->workload)) return true;
  }
  return false;
}

std::string short_cache_types(const Workload& w) {
  const auto k = cache_type_name(w.type_k), v = cache_type_name(w.type_v);
  return k == v ? k : k + "/" + v;
}

std::vector<std::string> cells_of(const RuntimesReport::Line& line, bool with_cache) {
  std::vector<std::string> cells{std::string(line.runtime->name)};
  if (!line.row) return cells;
  const auto& row = *line.row;
  const auto& m = row.memory;
  const bool some = m.compute_range || m.overhead_range;
  cells.push_back(printable(row.quant) + (row.below_q4_k_m ? "*" : ""));
  if (with_cache) cells.push_back(short_cache_types(row.workload));
  cells.push_back(gib(m.model.device));
  cells.push_back(gib(m.context.device));
  cells.push_back(bounded(m.compute.device, m.compute_range.has_value()));
  cells.push_back(bounded(m.overhead.device, m.overhead_range.has_value()));
  cells.push_back(bounded(m.device_total(), some));
  if (!row.fit) return cells;
  cells.push_back(fitvram::name_of(row.fit->verdict));
  cells.push_back(tokens_or_none(row.fit->safe_n_ctx));
  cells.push_back(tokens_or_none(row.fit->max_n_ctx));
  return cells;
}

Sheet header(const RuntimesReport::Entry& entry) {
  Sheet sheet;
  sheet.columns = {{"RUNTIME"}, {"QUANT"}};
  if (caches_differ(entry)) sheet.columns.push_back({"CACHE"});
  sheet.columns.insert(sheet.columns.end(), {{"MODEL", true},
                                             {"CONTEXT", true},
                                             {"COMPUTE", true, true},
                                             {"OTHER", true, true},
                                             {"TOTAL", true}});
  const bool judged = std::any_of(entry.lines.begin(), entry.lines.end(),
                                  [](const auto& line) { return line.row && line.row->fit; });
  if (!judged) return sheet;
  sheet.columns.push_back({"VERDICT"});
  sheet.columns.push_back({"SAFE", true});
  sheet.columns.push_back({"MAX", true});
  return sheet;
}

}  // namespace

Sheet sheet_of_runtimes(const RuntimesReport::Entry& entry) {
  Sheet sheet = header(entry);
  const std::size_t n = sheet.columns.size();
  sheet.columns.push_back({"WHY NOT"});
  for (const auto& line : entry.lines) {
    auto cells = cells_of(line, caches_differ(entry));
    cells.resize(n);
    cells.push_back(line.error ? printable(line.error->message) : "");
    sheet.rows.push_back(std::move(cells));
  }
  return sheet;
}

std::string runtimes_block(const RuntimesReport::Entry& entry, const Style& style) {
  const auto& model = *entry.model;
  std::string out = printable(model.name) + "\n";
  const auto priced = std::find_if(entry.lines.begin(), entry.lines.end(),
                                   [](const auto& line) { return line.row.has_value(); });
  if (priced != entry.lines.end()) {
    const Row& row = *priced->row;
    out += formatted("  {}, {}", plural(row.workload.n_ctx, "token"), sequences(row.workload));
    if (!caches_differ(entry)) out += ", " + cache_types(row.workload);
    out += row.gpu ? formatted(", {}\n\n", printable(row.gpu->name)) : "\n\n";
    Sheet sheet = header(entry);
    for (const auto& line : entry.lines)
      if (line.row) sheet.rows.push_back(cells_of(line, caches_differ(entry)));
    const Sheet shown = within(sheet, style.width);
    out += aligned(shown, style.width);
    if (shown.columns.size() < sheet.columns.size())
      out += "TOTAL counts compute buffers and overhead as well; a wider terminal shows them\n";
  }
  std::size_t wide = 0;
  for (const auto& line : entry.lines) wide = std::max(wide, line.runtime->name.size());
  for (const auto& line : entry.lines) {
    if (!line.error) continue;
    std::string label(line.runtime->name);
    for (const auto& text : wrapped(printable(line.error->message), style.width - wide - 2)) {
      out += formatted("{:<{}}  {}\n", label, wide, text);
      label.clear();
    }
  }
  return out;
}

}  // namespace fitvram::cli
