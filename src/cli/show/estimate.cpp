#include "cli/show/estimate.hpp"

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

/// One unit for the whole block, so that its figures can be added up.
struct Unit {
  const char* name;
  Bytes bytes;
  int decimals;

  std::string operator()(Bytes amount) const {
    if (amount.count == 0) return "-";
    return formatted(
        "{:.{}f}", static_cast<double>(amount.count) / static_cast<double>(bytes.count), decimals);
  }
};

Unit unit_for(Bytes total) { return total < GiB ? Unit{"MiB", MiB, 1} : Unit{"GiB", GiB, 2}; }

/// The longer the device's column, the less room for the label; figures end in one column.
void part(std::string& out, const std::string& label, const std::string& device,
          const std::string& host, const char* how) {
  const std::size_t room = 52 - std::min<std::size_t>(device.size(), 52);
  const std::size_t width = std::clamp(label.size(), std::min<std::size_t>(room, 42), room);
  const auto line =
      formatted("  {:<{}}{:>{}}{:>10}  {}", label, width, device, 52 - width, host, how);
  out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string cache_label(const CacheEstimate& cache) {
  const auto span = cache.span == 0 ? "" : formatted(" {}", cache.span);
  if (cache.n_layer == 0) return "  by parameters alone";
  return formatted("  {} {}{}, {} x {}", name_of(cache.role), name_of(cache.growth), span,
                   plural(cache.n_layer, "layer"), plural(cache.cells, "cell"));
}

std::string breakdown(const Row& row) {
  const auto& m = row.memory;
  const Unit unit = unit_for(m.device_total() + m.host_total());
  std::string out;
  const auto add = [&](const std::string& label, const Placement& bytes, const char* how) {
    part(out, label, unit(bytes.device), unit(bytes.host), how);
  };
  part(out, "", "DEVICE", "HOST", unit.name);
  add("model" + (row.quant.empty() ? "" : " " + printable(row.quant)), m.model,
      name_of(m.model_provenance));
  add("context", m.context, name_of(m.context_provenance));
  for (const auto& cache : m.caches) {
    const bool on_host = m.context.device.count == 0;
    const bool split = !on_host && m.context.host.count != 0;
    const auto bytes = unit(cache.bytes);
    part(out, cache_label(cache) + (split ? formatted(": {}", bytes) : ""),
         split || on_host ? "" : bytes, on_host ? bytes : "", "");
  }
  const auto bounded = [&](const char* label, const Placement& bytes,
                           const std::optional<Range>& range, Provenance how) {
    if (!range) return add(label, bytes, name_of(how));
    part(out, label, unit(range->low) + " .. " + unit(range->high), unit(bytes.host), name_of(how));
  };
  bounded("compute", m.compute, m.compute_range, m.compute_provenance);
  bounded("overhead", m.overhead, m.overhead_range, m.overhead_provenance);
  std::optional<Range> total;
  if (m.compute_range || m.overhead_range) total = {m.least_device_total(), m.device_total()};
  if (total)
    part(out, "total", unit(total->low) + " .. " + unit(total->high), unit(m.host_total()), "");
  else
    add("total", {m.device_total(), m.host_total()}, "");
  return out;
}

std::string judgement(const Row& row, const Runtime& runtime, const Style& style) {
  const auto& f = *row.fit;
  const bool no = f.verdict == Verdict::no;
  std::string out =
      formatted("  {} on {}: ", painted(f.verdict, no ? "does not fit" : name_of(f.verdict), style),
                printable(row.gpu->name));
  const bool all = f.budget == f.vram;
  const std::string of =
      all ? gib(f.vram) : formatted("the {} GiB that {} may use", gib(f.budget), runtime.title);
  if (no)
    out += formatted("{} GiB more than {}{}\n", signed_gib(-f.free), all ? "its " : "", of);
  else if (!all)
    out += formatted("{} GiB free of {}\n", signed_gib(f.free), of);
  else
    out += formatted("{} of {} GiB free{}\n", signed_gib(f.free), of,
                     f.reserve.count == 0 ? "" : ", reserve " + gib(f.reserve));
  if (f.max_n_ctx == 0) return out + "  no context fits\n";
  if (f.safe_n_ctx == 0)
    return out + formatted("  no safe context, max context {} tokens\n", f.max_n_ctx);
  return out + formatted("  safe context {}, max context {} tokens\n", f.safe_n_ctx, f.max_n_ctx);
}

std::string value_of(const Answer& answer) {
  switch (answer.unit) {
    case Answer::Unit::tokens:
      return plural(answer.value, "token");
    case Answer::Unit::bytes:
      return format_bytes(Bytes{answer.value});
    case Answer::Unit::hundredths:
      return formatted("{}.{:02}x", answer.value / 100, answer.value % 100);
    case Answer::Unit::thousandths:
      return formatted("{}.{:03}", answer.value / 1000, answer.value % 1000);
  }
  return "";
}

/// One line a figure; "at most" continues the line of its lower end.
std::string answers_of(const Row& row) {
  std::string out;
  for (const auto& answer : row.answers) {
    if (answer.label == "at most")
      out.insert(out.size() - 1, ", at most " + value_of(answer));
    else
      out += formatted("  {}: {}\n", answer.label, value_of(answer));
  }
  return out;
}

std::string head_shape(const CacheSlot& slot) {
  const auto& s = slot.shape;
  if (s.dim_v == 0) return formatted("{} x {}", s.n_head_kv, s.dim_k);
  return formatted("{} x ({}+{})", s.n_head_kv, s.dim_k, s.dim_v);
}

void fact(std::string& out, const char* label, const std::string& value) {
  if (!value.empty()) out += formatted("  {:<13} {}\n", label, value);
}

/// Text from column `indent` on, further lines two columns deeper.
void paragraph(std::string& out, std::size_t indent, const std::string& text, const Style& style) {
  std::size_t column = indent;
  for (const auto& line : wrapped(text, style.width - indent - 2)) {
    out += std::string(column, ' ') + line + "\n";
    column = indent + 2;
  }
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

}  // namespace

std::string heading(const Row& row, const Runtime& runtime) {
  const auto& model = *row.model;
  std::string out = printable(model.name) + "\n";
  out +=
      formatted("  {}, {} parameters", printable(model.architecture), format_count(model.n_params));
  if (model.n_layer != 0) out += ", " + plural(model.n_layer, "layer");
  out += model.n_ctx_train == 0 ? "\n" : formatted(", trained for {} tokens\n", model.n_ctx_train);
  return out + formatted("  {}, {}, {}, {}\n\n", plural(row.memory.n_ctx, "token"),
                         sequences(row.workload), cache_types(row.workload),
                         runtime_of(runtime, row.workload.backend));
}

std::string estimate_block(const Row& row, const Runtime& runtime, const Style& style) {
  std::string out = heading(row, runtime) + breakdown(row);
  if (row.fit) out += "\n" + judgement(row, runtime, style) + answers_of(row);
  if (row.advice)
    paragraph(out, 2,
              formatted("recommended quantization: {} ({})", name_of(row.advice->advice),
                        row.advice->reason),
              style);
  for (const auto& step : row.steps) {
    const auto value = std::to_string(step.value);
    out += formatted("\n  {}\n", step.figure);
    if (step.formula != value) paragraph(out, 4, "= " + step.formula, style);
    out += step.unit == Step::Unit::tokens
               ? formatted("    = {} tokens\n", value)
               : formatted("    = {} bytes ({})\n", value, format_bytes(Bytes{step.value}));
    paragraph(out, 4, step.rule, style);
  }
  if (!row.server_command.empty()) out += "\n  " + printable(row.server_command) + "\n";
  return out;
}

std::string show_block(const ShowReport::Entry& entry, const Style& style) {
  const auto& model = entry.model;
  const auto& h = model.hparams;
  std::string out = printable(model.name) + "\n";
  fact(out, "source", printable(model.source));
  fact(out, "format", name_of(model.format));
  fact(out, "architecture",
       printable(model.architecture) +
           (model.known_architecture ? "" : " (not known: cache assumed)"));
  if (model.n_params != 0)
    fact(out, "parameters",
         formatted("{} ({}, {})", format_count(model.n_params), model.n_params,
                   name_of(model.params)));
  if (model.n_params_mmproj != 0)
    fact(out, "towers",
         formatted("{} ({}) more for images and sound, not counted below",
                   format_count(model.n_params_mmproj), model.n_params_mmproj));
  fact(out, "layers", std::to_string(model.n_layer));
  if (h.n_embd) fact(out, "embedding", std::to_string(*h.n_embd));
  if (h.n_vocab) fact(out, "vocabulary", std::to_string(*h.n_vocab));
  if (h.n_expert.value_or(0) != 0)
    fact(out, "experts", formatted("{}, {} used", *h.n_expert, h.n_expert_used.max()));
  if (model.n_ctx_train != 0) fact(out, "trained for", formatted("{} tokens", model.n_ctx_train));
  fact(out, "weights", printable(entry.weights.quant));
  const Bytes checkpoint = model.format == ModelFormat::gguf ? Bytes{} : checkpoint_size(model);
  if (checkpoint > Bytes{})
    fact(out, "checkpoint", formatted("{} ({} bytes)", format_bytes(checkpoint), checkpoint.count));

  Sheet layers{
      {{"LAYERS", true}, {"KIND"}, {"CACHE"}, {"GROWTH"}, {"SPAN", true}, {"HEADS x VALUES", true}},
      {}};
  for (const auto& group : count_layers(model)) {
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

}  // namespace fitvram::cli
