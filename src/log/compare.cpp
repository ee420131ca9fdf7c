#include "log/compare.hpp"

#include <algorithm>
#include <array>

#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/placement.hpp"

namespace fitvram {
namespace {

constexpr std::array kinds{LoggedKind::full,    LoggedKind::sliding, LoggedKind::strided,
                           LoggedKind::indexer, LoggedKind::state,   LoggedKind::compressor};

LoggedKind kind_of(const CacheTensor& tensor) {
  switch (tensor.role) {
    case CacheRole::conv_state:
    case CacheRole::recurrent_state:
      return LoggedKind::state;
    case CacheRole::compressor_state:
      return LoggedKind::compressor;
    case CacheRole::indexer:
      return LoggedKind::indexer;
    case CacheRole::kv:
    case CacheRole::latent:
      break;
  }
  switch (tensor.growth) {
    case Growth::sliding:
    case Growth::chunked:
      return LoggedKind::sliding;
    case Growth::strided:
      return LoggedKind::strided;
    case Growth::full:
    case Growth::constant:
      break;
  }
  return LoggedKind::full;
}

/// The caches of one kind as a "size = ..." line counts them: without padding.
struct OurCache {
  Bytes bytes;
  std::uint64_t cells = 0;
  bool one_size = true;  ///< all its tensors have the same number of cells
};

OurCache cache_of(LoggedKind kind, const ModelInfo& model, const Workload& workload) {
  OurCache ours;
  const auto groups = layer_groups(model, Devices(model, workload));
  for_each_cache_tensor(model, groups, workload, [&](const CacheTensor& tensor) {
    if (kind_of(tensor) != kind) return;
    ours.bytes += row_bytes(*tensor.type, tensor.ne0) * tensor.rows * tensor.n_layer;
    if (ours.cells != 0 && ours.cells != tensor.cells) ours.one_size = false;
    ours.cells = tensor.cells;
  });
  return ours;
}

/// Each printed figure may be off by half of its last digit; less than one digit is never shown.
bool same_size(const LoggedSize& log, std::uint64_t ours) {
  const std::uint64_t shown = log.bytes().count;
  const std::uint64_t apart = shown > ours ? shown - ours : ours - shown;
  constexpr std::uint64_t digit = MiB.count / 100;
  return apart <= std::max<std::uint64_t>(digit, (log.n_terms + 1) / 2 * digit);
}

LoggedSize sum(const std::vector<LoggedBuffer>& buffers, bool host) {
  LoggedSize total;
  for (const auto& buffer : buffers)
    if (on_host(buffer.device) == host) total += buffer.size;
  return total;
}

bool any_mapped(const std::vector<LoggedBuffer>& buffers) {
  return std::any_of(buffers.begin(), buffers.end(),
                     [](const LoggedBuffer& b) { return is_mapped(b.device); });
}

std::size_t buffers_on_host(const std::vector<LoggedBuffer>& buffers) {
  return static_cast<std::size_t>(std::count_if(
      buffers.begin(), buffers.end(), [](const LoggedBuffer& b) { return on_host(b.device); }));
}

class Comparison {
 public:
  void size(std::string figure, std::optional<LoggedSize> log, std::optional<Bytes> ours,
            Provenance provenance, bool decides) {
    if ((!log || log->centi_mib == 0) && (!ours || ours->count == 0)) return;
    ComparedLine line;
    line.figure = std::move(figure);
    line.log = log;
    if (ours) line.estimate = ours->count;
    line.provenance = provenance;
    line.decides = decides && log && ours;
    line.equal = log && ours && same_size(*log, ours->count);
    out.lines.push_back(std::move(line));
  }

  void cells(std::string figure, std::uint64_t log, std::uint64_t ours) {
    ComparedLine line;
    line.figure = std::move(figure);
    line.unit = ComparedLine::Unit::cells;
    line.log_cells = log;
    line.estimate = ours;
    line.equal = log == ours;
    out.lines.push_back(std::move(line));
  }

  void fact(const char* name, std::optional<std::uint64_t> log, std::uint64_t ours) {
    if (!log || ours == 0 || *log == ours) return;
    out.notes.push_back({Severity::warning, "other-model",
                         std::string("the log's model has ") + name + " = " + std::to_string(*log) +
                             ", this one " + std::to_string(ours)});
  }

  LogComparison out;
};

void compare_weights(Comparison& to, const ServerLog& log, const MemoryEstimate& memory) {
  if (!log.has_model()) return;
  const auto& buffers = log.model.weights;
  to.size("model / device", sum(buffers, false), memory.model.device, memory.model_provenance,
          true);
  to.size("model / host", sum(buffers, true), memory.model.host, memory.model_provenance, true);
  auto& line = to.out.lines.back();
  if (line.figure != "model / host" || line.equal || !any_mapped(buffers)) return;
  line.decides = false;  // such a buffer spans the file from its first to its last tensor there
  line.remark = buffers_on_host(buffers) > 1 ? "mapped file, repacked copies" : "mapped file";
}

}  // namespace

std::optional<std::int64_t> difference(const ComparedLine& line) {
  if (!line.estimate) return std::nullopt;
  if (line.unit == ComparedLine::Unit::cells) {
    if (!line.log_cells) return std::nullopt;
    return static_cast<std::int64_t>(*line.estimate - *line.log_cells);
  }
  if (!line.log) return std::nullopt;
  if (line.equal) return 0;
  const std::uint64_t whole = *line.estimate / MiB.count;
  const std::uint64_t part = *line.estimate % MiB.count * 100 + MiB.count / 2;
  return static_cast<std::int64_t>(sat_mul(whole, 100) + part / MiB.count - line.log->centi_mib);
}

bool LogComparison::agrees() const {
  const auto decides = [](const ComparedLine& line) { return line.decides; };
  return std::any_of(lines.begin(), lines.end(), decides) &&
         std::none_of(lines.begin(), lines.end(),
                      [](const ComparedLine& line) { return line.decides && !line.equal; });
}

LogComparison compare(const ServerLog& log, const ModelInfo& model, const Weights& weights,
                      const Workload& workload, const Runtime& runtime) {
  const MemoryEstimate memory = estimate(model, weights, workload, runtime);
  const LoggedContext& context = log.context;
  Comparison to;
  to.fact("n_layer", log.model.n_layer, model.n_layer);
  to.fact("n_embd", log.model.n_embd, model.hparams.n_embd.value_or(0));
  if (!log.model.architecture.empty() && log.model.architecture != model.architecture)
    to.out.notes.push_back({Severity::warning, "other-model",
                            "the log's model has architecture '" + log.model.architecture +
                                "', this one '" + model.architecture + "'"});
  compare_weights(to, log, memory);

  for (const auto kind : kinds) {
    LoggedSize logged;
    std::optional<std::uint64_t> cells;
    std::size_t n_caches = 0;
    for (const auto& cache : context.caches) {
      if (cache.kind != kind) continue;
      logged += cache.size;
      cells = cache.cells;
      ++n_caches;
    }
    const OurCache ours = cache_of(kind, model, workload);
    const std::string name = std::string("cache / ") + name_of(kind);
    if (n_caches == 0 && (ours.bytes.count == 0 || context.caches.empty())) continue;
    to.size(name, logged, ours.bytes, memory.context_provenance, true);
    if (n_caches == 1 && cells && ours.one_size && kind != LoggedKind::state)
      to.cells(name + " cells", *cells, ours.cells);
  }
  if (!context.memory.empty()) {
    to.size("context / device", sum(context.memory, false), memory.context.device,
            memory.context_provenance, true);
    to.size("context / host", sum(context.memory, true), memory.context.host,
            memory.context_provenance, true);
  }
  if (!context.compute.empty()) {
    to.size("compute / device", sum(context.compute, false), memory.compute.device,
            memory.compute_provenance, false);
    to.size("compute / host", sum(context.compute, true), memory.compute.host,
            memory.compute_provenance, false);
  }
  if (!context.output.empty())
    to.size("output / host", sum(context.output, true), std::nullopt, Provenance::derived, false);

  if (log.has_context() && !context.n_outputs_max)
    to.out.notes.push_back({Severity::info, "older-log",
                            "the log is of a llama.cpp before " + std::string(runtime.version) +
                                ", whose rules are compared: its buffers may follow others"});
  for (const auto& other : log.left_out)
    to.out.notes.push_back({Severity::info, "left-out", "not compared: " + other});
  return std::move(to.out);
}

}  // namespace fitvram
