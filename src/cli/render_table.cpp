#include <fmt/format.h>

#include <algorithm>

#include "cli/render.hpp"
#include "text.hpp"

namespace fitvram::cli {
namespace {

std::string painted(Verdict verdict, const std::string& word, const Style& style) {
  if (!style.color) return word;
  const char* code = "";
  switch (verdict) {
    case Verdict::fits:
      code = "32";
      break;
    case Verdict::tight:
      code = "33";
      break;
    case Verdict::no:
      code = "31";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, word);
}

/// Without the organisation: "Qwen/Qwen3-8B" is known as Qwen3-8B.
std::string short_name(const ModelInfo& model) {
  const auto name = printable(model.name);
  const auto slash = name.rfind('/');
  return slash == std::string::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

std::string plural(std::uint64_t n, const char* word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string cache_types(const Workload& w) {
  const auto k = cache_type_name(w.type_k);
  const auto v = cache_type_name(w.type_v);
  return k == v ? k + " cache" : k + " keys, " + v + " values";
}

std::string sequences(const Workload& w) {
  return plural(w.n_seq, "sequence") + (w.kv_unified && w.n_seq > 1 ? " sharing a cache" : "");
}

std::string size(Bytes bytes) { return bytes.count == 0 ? "-" : format_bytes(bytes); }

std::string signed_size(std::int64_t bytes) {
  const auto magnitude = static_cast<std::uint64_t>(bytes < 0 ? -bytes : bytes);
  return (bytes < 0 ? "-" : "") + format_bytes(Bytes{magnitude});
}

bool windowed(const Row& row) {
  return std::any_of(row.memory.caches.begin(), row.memory.caches.end(), [](const auto& cache) {
    return cache.growth == Growth::sliding || cache.growth == Growth::chunked;
  });
}

std::string context_or_none(std::uint64_t n_ctx) {
  return n_ctx == 0 ? "-" : std::to_string(n_ctx);
}

std::string runtime_of(const Runtime& runtime, std::string_view backend) {
  return fmt::format("{} {}, {}", runtime.name, runtime.version, backend);
}

// estimate ---------------------------------------------------------------------------------------

void part(std::string& out, const std::string& label, const Placement& bytes, const char* how) {
  const auto line =
      fmt::format("  {:<32}{:>12}{:>13}   {}", label, size(bytes.device), size(bytes.host), how);
  out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string cache_label(const CacheEstimate& cache) {
  std::string label = fmt::format("{} {}", name_of(cache.role), name_of(cache.growth));
  if (cache.span != 0) label += fmt::format(" {}", cache.span);
  return label;
}

std::string block(const Row& row, const Runtime& runtime, const Style& style) {
  const auto& model = *row.model;
  const auto& m = row.memory;
  std::string out = printable(model.name) + "\n";
  out += fmt::format("  {}, {} parameters, {}", printable(model.architecture),
                     format_count(model.n_params), plural(model.n_layer, "layer"));
  out +=
      model.n_ctx_train == 0 ? "\n" : fmt::format(", trained for {} tokens\n", model.n_ctx_train);
  out += fmt::format("  {}, {}, {}, {}\n", plural(m.n_ctx, "token"), sequences(row.workload),
                     cache_types(row.workload), runtime_of(runtime, row.workload.backend));

  out += fmt::format("\n  {:<32}{:>12}{:>13}\n", "", "DEVICE", "HOST");
  const auto quant = row.quant.empty() ? "" : " " + printable(row.quant);
  part(out, "model" + quant, m.model, name_of(m.model_provenance));
  part(out, "context", m.context, name_of(m.context_provenance));
  for (const auto& cache : m.caches) {
    const auto cells =
        fmt::format("{} x {}", plural(cache.n_layer, "layer"), plural(cache.cells, "cell"));
    out += fmt::format("    {:<22} {:>14}   {}\n", cache_label(cache), format_bytes(cache.bytes),
                       cells);
  }
  part(out, "compute", m.compute, name_of(m.compute_provenance));
  part(out, "overhead", m.overhead, name_of(m.overhead_provenance));
  part(out, "total", {m.device_total(), m.host_total()}, "");

  if (row.fit) {
    const auto& f = *row.fit;
    out += fmt::format(
        "\n  {} on {}: {} of {} free, reserve {}\n",
        painted(f.verdict, f.verdict == Verdict::no ? "does not fit" : name_of(f.verdict), style),
        printable(row.gpu->name), signed_size(f.free), format_bytes(f.vram),
        format_bytes(f.reserve));
    out += fmt::format("  safe context {}, max context {} tokens\n", context_or_none(f.safe_n_ctx),
                       context_or_none(f.max_n_ctx));
  }
  if (row.advice)
    out += fmt::format("  recommended quantization {}: {}\n", name_of(row.advice->advice),
                       row.advice->reason);
  if (!row.steps.empty()) out += "\n";
  for (const auto& step : row.steps)
    out += fmt::format("  {}\n    = {}\n    = {} bytes ({})\n    {}\n", step.figure, step.formula,
                       step.value, format_bytes(Bytes{step.value}), step.rule);
  if (!row.server_command.empty()) out += "\n  " + printable(row.server_command) + "\n";
  return out;
}

// rank -------------------------------------------------------------------------------------------

std::string quant_cell(const Row& row) { return printable(row.quant) + (row.lowered ? "*" : ""); }

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
  const auto table = layout(sheet_of_rows(rows, plan), style.width);
  return paint_rows(table, rows, table.find("VERDICT"), style);
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
  if (most.count == 0) return line;
  line += fmt::format("{}{}", line.empty() ? "reserve " : ", with a window (~) ", gib(least));
  return most == least ? line : line + " to " + gib(most);
}

std::string asked_context(const Workload& w) {
  return w.n_ctx == 0 ? "trained length" : plural(w.n_ctx, "token");
}

std::string footer(const RankReport& body, std::size_t shown) {
  std::string out;
  if (shown < body.rows.size())
    out += fmt::format("{} of {} shown (--top 0: all). ", shown, body.rows.size());
  if (!body.shows_no && body.n_no > 0)
    out += fmt::format("{} of {} do not fit (--all). ", body.n_no, body.n_ranked);
  return out.empty() ? out : "\n" + out.substr(0, out.size() - 1) + "\n";
}

std::span<const Row> top_rows(const std::vector<Row>& rows, std::size_t top) {
  return std::span<const Row>(rows).first(top == 0 ? rows.size() : std::min(top, rows.size()));
}

// show -------------------------------------------------------------------------------------------

std::string head_shape(const CacheSlot& slot) {
  const auto& s = slot.shape;
  if (s.dim_v == 0) return fmt::format("{} x {}", s.n_head_kv, s.dim_k);
  return fmt::format("{} x ({}+{})", s.n_head_kv, s.dim_k, s.dim_v);
}

void fact(std::string& out, const char* label, const std::string& value) {
  if (!value.empty()) out += fmt::format("  {:<13} {}\n", label, value);
}

std::string indented(const std::string& text) {
  std::string out;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = text.find('\n', from);
    out += "  " + text.substr(from, end - from) + "\n";
    from = end + 1;
  }
  return out;
}

std::string shown(const ShowReport::Entry& entry, const Style& style) {
  const auto& model = entry.model;
  const auto& h = model.hparams;
  std::string out = printable(model.name) + "\n";
  fact(out, "source", fmt::format("{} ({})", printable(model.source), name_of(model.format)));
  fact(out, "architecture",
       printable(model.architecture) +
           (model.known_architecture ? "" : " (not known: cache assumed)"));
  if (model.n_params != 0)
    fact(out, "parameters",
         fmt::format("{} ({}, {})", format_count(model.n_params), model.n_params,
                     name_of(model.params)));
  fact(out, "layers", std::to_string(model.n_layer));
  if (h.n_embd) fact(out, "embedding", std::to_string(*h.n_embd));
  if (h.n_vocab) fact(out, "vocabulary", std::to_string(*h.n_vocab));
  if (h.n_expert.value_or(0) != 0)
    fact(out, "experts", fmt::format("{}, {} used", *h.n_expert, h.n_expert_used.max()));
  if (model.n_ctx_train != 0) fact(out, "trained for", fmt::format("{} tokens", model.n_ctx_train));
  fact(out, "weights", printable(entry.weights.quant));

  Sheet layers{
      {{"LAYERS", true}, {"KIND"}, {"CACHE"}, {"GROWTH"}, {"SPAN", true}, {"HEADS x VALUES", true}},
      {}};
  for (const auto& group : group_layers(model)) {
    const auto n = std::to_string(group.n_layer);
    const std::string kind = name_of(group.layer->kind);
    if (group.layer->caches.empty()) layers.rows.push_back({n, kind, "none", "", "", ""});
    bool first = true;
    for (const auto& slot : group.layer->caches) {
      layers.rows.push_back({first ? n : "", first ? kind : "", name_of(slot.role),
                             name_of(slot.growth), slot.span == 0 ? "" : std::to_string(slot.span),
                             head_shape(slot)});
      first = false;
    }
  }
  if (!layers.rows.empty()) out += "\n" + indented(layout(layers, style.width - 2));

  Sheet tensors{{{"TENSORS", true}, {"ROLE"}, {"TYPE"}, {"VALUES", true}, {"SIZE", true}}, {}};
  for (const auto& group : group_tensors(model, entry.weights))
    tensors.rows.push_back({std::to_string(group.n_tensor), name_of(group.role),
                            group.type == nullptr ? "" : std::string(group.type->name),
                            format_count(group.n_elements), format_bytes(group.bytes)});
  if (!tensors.rows.empty()) out += "\n" + indented(layout(tensors, style.width - 2));
  return out;
}

struct Table {
  const Runtime& runtime;
  const Style& style;

  std::string operator()(const EstimateReport& body) const {
    std::string out;
    for (const auto& row : body.rows) out += (out.empty() ? "" : "\n") + block(row, runtime, style);
    return out;
  }

  std::string operator()(const RankReport& body) const {
    const auto rows = top_rows(body.rows, body.top);
    std::string out = fmt::format("{}: {} GiB{}\n", printable(body.gpu.name), gib(body.gpu.vram),
                                  body.gpu.visible_known ? " as its driver shows it" : "");
    out += fmt::format("{}, {}, {}, {}\n", asked_context(body.asked), sequences(body.asked),
                       cache_types(body.asked), runtime_of(runtime, body.asked.backend));
    if (rows.empty()) return out + "\nnothing to show" + footer(body, 0);
    out += fmt::format("GiB; fits: weights + cache + reserve <= {0}; tight: total <= {0}\n{1}\n\n",
                       gib(body.gpu.vram), reserve_line(body, rows));
    out += table_of(rows, false, style);
    if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.lowered; }))
      out += "\n* fewer bits than Q4_K_M: nothing better runs here\n";
    return out + footer(body, rows.size());
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
      out += fmt::format("{}{}: {}, {}, {}, {}\n\n", out.empty() ? "" : "\n",
                         short_name(*first.model), plural(first.memory.n_ctx, "token"),
                         sequences(first.workload), cache_types(first.workload),
                         std::string(runtime.name) + " " + std::string(runtime.version));
      out += table_of(rows, true, style);
      if (rows.size() < all.size())
        out += fmt::format("\n{} of {} shown (--top 0: all)\n", rows.size(), all.size());
    }
    return out;
  }

  std::string operator()(const ShowReport& body) const {
    std::string out;
    for (const auto& entry : body.models) out += (out.empty() ? "" : "\n") + shown(entry, style);
    return out;
  }

  std::string operator()(const ListReport& body) const {
    return layout(sheet_of_grid(body.grid), style.width);
  }
};

}  // namespace

Sheet sheet_of_rows(std::span<const Row> rows, bool plan) {
  Sheet sheet{
      {{plan ? "GPU" : "MODEL"}, {"QUANT"}, {"WEIGHTS", true}, {"CACHE", true}, {"TOTAL", true}},
      {}};
  const bool judged = !rows.empty() && rows.front().fit;
  if (plan) sheet.columns.insert(sheet.columns.begin() + 1, {"MEMORY", true});
  if (judged)
    for (const auto& column :
         {Sheet::Column{"FREE", true}, {"VERDICT"}, {"SAFE", true}, {"MAX", true}})
      sheet.columns.push_back(column);
  const bool marks = !plan && std::any_of(rows.begin(), rows.end(), windowed);
  for (const auto& row : rows) {
    const auto& m = row.memory;
    auto& line = sheet.rows.emplace_back();
    line.push_back(plan ? printable(row.gpu->name) : short_name(*row.model));
    if (plan) line.push_back(gib(row.gpu->vram));
    line.push_back(quant_cell(row));
    line.push_back(gib(m.model.device));
    line.push_back(gib(m.context.device) + (!marks ? "" : windowed(row) ? "~" : " "));
    line.push_back(gib(m.device_total()));
    if (!row.fit) continue;
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
