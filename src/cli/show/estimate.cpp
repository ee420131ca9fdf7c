#include "cli/show/estimate.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
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

/// Text from column `indent` on, further lines two columns deeper.
void paragraph(std::string& out, std::size_t indent, const std::string& text, const Style& style) {
  std::size_t column = indent;
  for (const auto& line : wrapped(text, style.width - indent - 2)) {
    out += std::string(column, ' ') + line + "\n";
    column = indent + 2;
  }
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

}  // namespace fitvram::cli
