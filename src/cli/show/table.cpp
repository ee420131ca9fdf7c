#include "cli/show/table.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/check.hpp"
#include "cli/show/estimate.hpp"
#include "cli/show/grid.hpp"
#include "cli/show/log.hpp"
#include "cli/show/model.hpp"
#include "cli/show/runtimes.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

/// Without the organisation: "Qwen/Qwen3-8B" is known as Qwen3-8B.
std::string short_name(const ModelInfo& model) {
  const auto name = printable(model.name);
  const auto slash = name.rfind('/');
  return slash == std::string::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

bool windowed(const Row& row) {
  return std::any_of(row.memory.caches.begin(), row.memory.caches.end(),
                     [](const auto& cache) { return is_window(cache.growth); });
}

std::string context_or_none(std::uint64_t n_ctx) {
  return n_ctx == 0 ? "-" : std::to_string(n_ctx);
}

std::string quant_cell(const Row& row) {
  return printable(row.quant) + (row.below_q4_k_m ? "*" : "");
}

/// Paints the last occurrence of each row's verdict word: the table is laid out without colour
/// first.
std::string paint_rows(std::string table, std::span<const Row> rows, std::size_t verdict_at,
                       const Style& style) {
  if (!style.color) return table;
  std::string out;
  std::size_t from = table.find('\n') + 1;
  out = table.substr(0, from);
  for (const auto& row : rows) {
    const auto end = table.find('\n', from);
    std::string line = table.substr(from, end - from);
    const std::string word = name_of(row.fit->verdict);
    const auto at = line.find("  " + word, verdict_at == 0 ? 0 : verdict_at - 2);
    if (at != std::string::npos)
      line.replace(at + 2, word.size(), painted(row.fit->verdict, word, style));
    out += line + "\n";
    from = end + 1;
  }
  return out;
}

std::string table_of(std::span<const Row> rows, bool plan, const Style& style) {
  const auto table = aligned(sheet_of_rows(rows, plan), style.width);
  return paint_rows(table, rows, table.find("VERDICT"), style);
}

std::string gpu_line(const Gpu& gpu) {
  if (gpu.name == gpu_of_memory(gpu.vram).name) return formatted("{} of GPU memory\n", gpu.name);
  const char* how = gpu.visible_known        ? ""
                    : gpu.backend == "metal" ? " of it for the GPU, as Metal recommends"
                                             : " as sold (a driver shows a little less)";
  return formatted("{}: {} GiB{}\n", printable(gpu.name), gib(gpu.vram), how);
}

std::string reserve_line(const RankReport& body, std::span<const Row> rows) {
  if (body.reserve.fixed)
    return body.reserve.fixed->count == 0 ? "no reserve" : "reserve " + gib(*body.reserve.fixed);
  Bytes dense;
  Bytes least{UINT64_MAX};
  Bytes most;
  for (const auto& row : rows) {
    if (!windowed(row)) {
      dense = row.fit->reserve;
      continue;
    }
    least = std::min(least, row.fit->reserve);
    most = std::max(most, row.fit->reserve);
  }
  std::string line = dense.count == 0 ? "" : "reserve " + gib(dense);
  if (most.count == 0 || (most == dense && least == dense)) return line;
  line += formatted("{}{}", line.empty() ? "reserve " : ", with a window (~) ", gib(least));
  return most == least ? line : line + " to " + gib(most);
}

std::string legend(const RankReport& body, std::span<const Row> rows, const Runtime& runtime) {
  const Fit& first = *rows.front().fit;
  const auto reserve = reserve_line(body, rows);
  if (first.budget == first.vram)
    return formatted(
        "tight: total <= {0} GiB; fits: weights + cache + reserve <= {0} GiB, too\n{1}\n",
        gib(first.vram), reserve);
  return formatted("fits: total <= {} GiB, what {} may use; tight: perhaps\n", gib(first.budget),
                   runtime.title);
}

std::string asked_context(const Workload& w) {
  return w.n_ctx == 0 ? "trained length" : plural(w.n_ctx, "token");
}

std::string footer(const RankReport& body) {
  if (body.cut)
    return formatted(
        "\nthe {} largest that run here; --top 0 shows all, --all also what does not fit\n",
        body.rows.size());
  std::string out;
  if (body.rows.size() < body.n_row)
    out += formatted("{} of {} shown (--top 0: all). ", body.rows.size(), body.n_row);
  if (!body.shows_no && body.n_no > 0)
    out += formatted("{} of {} do not fit (--all). ", body.n_no, body.n_ranked);
  return out.empty() ? out : "\n" + out.substr(0, out.size() - 1) + "\n";
}

std::span<const Row> top_rows(const std::vector<Row>& rows, std::size_t top) {
  return std::span<const Row>(rows).first(top == 0 ? rows.size() : std::min(top, rows.size()));
}

struct Table {
  const Runtime& runtime;
  const Style& style;

  std::string operator()(const EstimateReport& body) const {
    std::string out;
    if (body.compact) {
      for (auto from = body.rows.begin(); from != body.rows.end();) {
        const auto to = std::find_if(from, body.rows.end(),
                                     [&](const Row& row) { return row.model != from->model; });
        out += (out.empty() ? "" : "\n") + heading(*from, runtime) +
               table_of(std::span<const Row>(&*from, static_cast<std::size_t>(to - from)), false,
                        style);
        from = to;
      }
      return out;
    }
    for (const auto& row : body.rows)
      out += (out.empty() ? "" : "\n") + estimate_block(row, runtime, style);
    return out;
  }

  std::string operator()(const RankReport& body) const {
    const std::span<const Row> rows(body.rows);
    std::string out = gpu_line(body.gpu);
    out += formatted("{}, {}, {}, {}\n", asked_context(body.asked), sequences(body.asked),
                     cache_types(body.asked), runtime_of(runtime, body.asked.backend));
    if (rows.empty()) {
      const auto rest = footer(body);
      return out + "\nnothing to show" + (rest.empty() ? "\n" : rest);
    }
    out += legend(body, rows, runtime);
    out += "SAFE, MAX: the largest context that fits, and that runs at all\n\n";
    out += table_of(rows, false, style);
    if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.below_q4_k_m; }))
      out += "\n* fewer bits than Q4_K_M: nothing better runs here\n";
    return out + footer(body);
  }

  std::string operator()(const PlanReport& body) const {
    std::string out;
    for (const auto& all : body.models) {
      if (all.empty()) {
        out += "no GPU of the table holds it, nor 2, 4 or 8 of one\n";
        continue;
      }
      const auto rows = top_rows(all, body.top);
      const auto& first = rows.front();
      out += formatted("{}{}: {}, {}, {}, {}\n\n", out.empty() ? "" : "\n",
                       short_name(*first.model), plural(first.memory.n_ctx, "token"),
                       sequences(first.workload), cache_types(first.workload),
                       std::string(runtime.name) + " " + std::string(runtime.version));
      out += table_of(rows, true, style);
      if (rows.size() < all.size())
        out += formatted("\n{} of {} shown (--top 0: all)\n", rows.size(), all.size());
    }
    return out;
  }

  std::string operator()(const ShowReport& body) const {
    std::string out;
    for (const auto& entry : body.models) {
      if (!body.params && !body.tensors)
        out += (out.empty() ? "" : "\n") + show_block(entry, style);
      if (body.params) out += (out.empty() ? "" : "\n") + params_block(entry, body.explain, style);
      if (body.tensors) out += (out.empty() ? "" : "\n") + tensors_block(entry, style);
    }
    return out;
  }

  std::string operator()(const ListReport& body) const {
    return aligned(sheet_of_grid(body.grid), style.width);
  }

  std::string operator()(const RuntimesReport& body) const {
    std::string out;
    for (const auto& entry : body.models)
      out += (out.empty() ? "" : "\n") + runtimes_block(entry, style);
    return out;
  }

  std::string operator()(const LogReport& body) const { return log_block(body, runtime, style); }

  std::string operator()(const CheckReport& body) const { return checks_block(body, style); }
};

}  // namespace

Sheet sheet_of_rows(std::span<const Row> rows, bool plan) {
  Sheet sheet;
  const auto column = [&](const char* title, bool right) {
    sheet.columns.push_back({title, right});
  };
  const bool judged = !rows.empty() && rows.front().fit;
  const bool marks = !plan && std::any_of(rows.begin(), rows.end(), windowed);
  column(plan ? "GPU" : "MODEL", false);
  if (plan) column("MEMORY", true);
  column("QUANT", false);
  if (!plan) column("WEIGHTS", true);
  if (!plan) column("CACHE", true);
  column("TOTAL", true);
  if (judged) column("FREE", true);
  if (judged) column("VERDICT", false);
  if (judged) column("SAFE", true);
  if (judged) column("MAX", true);
  for (const auto& row : rows) {
    const auto& m = row.memory;
    auto& line = sheet.rows.emplace_back();
    line.push_back(plan ? printable(row.gpu->name) : short_name(*row.model));
    if (plan) line.push_back(gib(row.gpu->vram));
    line.push_back(quant_cell(row));
    if (!plan) line.push_back(gib(m.model.device));
    if (!plan) line.push_back(gib(m.context.device) + (!marks ? "" : windowed(row) ? "~" : " "));
    line.push_back(gib(m.device_total()));
    if (!judged) continue;
    line.push_back(signed_gib(row.fit->free));
    line.push_back(fitvram::name_of(row.fit->verdict));
    line.push_back(context_or_none(row.fit->safe_n_ctx));
    line.push_back(context_or_none(row.fit->max_n_ctx));
  }
  return sheet;
}

std::string render_table(const Report& report, const Style& style) {
  return std::visit(Table{*report.runtime, style}, report.body);
}

}  // namespace fitvram::cli
