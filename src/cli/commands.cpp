#include "cli/commands.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "cli/inputs.hpp"
#include "cli/list.hpp"
#include "cli/server_command.hpp"
#include "fitvram/parse.hpp"
#include "text.hpp"

namespace fitvram::cli {
namespace {

using Model = std::shared_ptr<const ModelInfo>;

/// What every command needs once: the models, and what could not be read.
struct Inputs {
  std::vector<Model> models;
  std::vector<Error> errors;
};

void add(Inputs& inputs, Result<ModelInfo> model, const Options& options) {
  if (!model) {
    inputs.errors.push_back(model.error());
    return;
  }
  if (options.params && model->tensors.empty()) model->n_params = *options.params;
  inputs.models.push_back(std::make_shared<const ModelInfo>(std::move(*model)));
}

bool matches(std::string_view name, std::string_view filter) {
  return fold_name(name).find(fold_name(filter)) != std::string::npos;
}

Result<Inputs> read_models(Io& io, const Options& options) {
  Inputs inputs;
  const auto catalog = load_catalog(io, options);
  if (!catalog) return catalog.error();
  for (const auto& word : options.models)
    for (auto& model : load_models(io, word, *catalog)) add(inputs, std::move(model), options);
  if (!options.models.empty()) return inputs;
  if (options.params) {
    const std::string name =
        options.name.empty() ? format_count(*options.params) + " parameters" : options.name;
    inputs.models.push_back(
        std::make_shared<const ModelInfo>(model_of_params(*options.params, name)));
  } else if (options.command == Command::rank) {
    for (const auto& entry : *catalog)
      if (matches(entry.name, options.filter)) add(inputs, model_of(entry), options);
  }
  return inputs;
}

Result<std::optional<Gpu>> read_gpu(Io& io, const Options& options) {
  if (options.gpu.empty()) {
    if (!options.vram) return std::optional<Gpu>{};
    return std::optional<Gpu>(gpu_of_memory(*options.vram));
  }
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  auto gpu = find_gpu(*cards, options.gpu);
  if (!gpu) return gpu.error();
  if (options.vram) {
    gpu->vram = *options.vram;
    gpu->visible_known = true;
  }
  return std::optional<Gpu>(std::move(*gpu));
}

std::string_view backend_of(const Options& options, const std::optional<Gpu>& gpu) {
  if (options.backend != nullptr) return options.backend->name;
  const auto* own = gpu ? find_backend(gpu->backend) : nullptr;
  return own != nullptr ? own->name : Workload{}.backend;
}

/// -c as this model runs it: never beyond the trained length unless that is asked for.
std::uint64_t resolve_context(const ModelInfo& model, const Options& options,
                              std::vector<Note>& notes) {
  const std::uint64_t streams = options.workload.kv_unified ? 1 : options.workload.n_seq;
  const std::uint64_t trained = model.n_ctx_train;
  const std::uint64_t limit = trained == 0 ? UINT64_MAX : sat_mul(trained, streams);
  if (!options.n_ctx) return std::min(Workload{}.n_ctx, limit);
  if (*options.n_ctx == 0) {
    if (trained != 0) return trained;
    notes.push_back({Severity::warning, "trained-length-unknown",
                     "the trained length is not stated; computed at 8192 tokens"});
    return Workload{}.n_ctx;
  }
  if (*options.n_ctx <= limit || options.extend_ctx) return *options.n_ctx;
  notes.push_back(
      {Severity::warning, "context-clamped",
       "-c " + std::to_string(*options.n_ctx) + " is above the trained length: computed at " +
           std::to_string(limit) +
           " tokens (llama.cpp would only warn; --extend-ctx computes what was asked)"});
  return limit;
}

void add_notes(std::vector<Note>& to, const std::vector<Note>& from) {
  for (const auto& note : from)
    if (std::find(to.begin(), to.end(), note) == to.end()) to.push_back(note);
}

class Pricer {
 public:
  Pricer(const Options& options, std::optional<Gpu> gpu)
      : options_(options), gpu_(std::move(gpu)), backend_(backend_of(options, gpu_)) {}

  /// One row, or one for each scheme; an Error when the runtime would refuse or facts are missing.
  Result<std::vector<Row>> rows(const Model& model) const {
    Row row;
    row.model = model;
    row.gpu = gpu_;
    row.workload = options_.workload;
    row.workload.backend = backend_;
    row.workload.n_ctx = resolve_context(*model, options_, row.notes);
    if (auto refused = refusal(*model, row.workload, *options_.runtime)) {
      if (refused->where.empty()) refused->where = model->name;
      return *refused;
    }
    std::vector<Row> rows;
    if (options_.all_quants) {
      for (const auto& scheme : schemes())
        if (scheme.ladder) rows.push_back(priced(row, quantize(*model, scheme)));
    } else {
      rows.push_back(priced(row, form(row)));
    }
    for (const auto& each : rows)
      if (auto error = unsound(each)) return *error;
    return rows;
  }

 private:
  Weights form(Row& row) const {
    const auto& model = *row.model;
    if (options_.quant != nullptr) {
      if (model.format == ModelFormat::gguf && lower(model.quant) != lower(options_.quant->name))
        row.notes.push_back({Severity::info, "requantized",
                             "figures are for this file requantized from " + model.quant + " to " +
                                 std::string(options_.quant->name)});
      return quantize(model, *options_.quant);
    }
    if (model.format == ModelFormat::gguf) return stored_weights(model);
    if (gpu_) {
      auto choice = choose_quant(model, row.workload, *options_.runtime, gpu_->vram,
                                 options_.reserve, options_.extend_ctx);
      row.lowered = choice.lowered;
      if (choice.lowered)
        row.notes.push_back({Severity::warning, "quant-lowered",
                             "nothing with the bits of Q4_K_M runs here; " + choice.weights.quant +
                                 " costs quality"});
      return std::move(choice.weights);
    }
    if (model.format == ModelFormat::parameters) return quantize(model, *find_scheme("F16"));
    auto stored = stored_weights(model);
    row.notes.push_back({Severity::info, "own-precision",
                         "weights as the checkpoint has them" +
                             (stored.quant.empty() ? "" : " (" + stored.quant + ")") +
                             "; -q prices a quantization, --gpu chooses one"});
    return stored;
  }

  Row priced(Row row, const Weights& weights) const {
    const auto& model = *row.model;
    row.quant = weights.quant;
    row.memory = estimate(model, weights, row.workload, *options_.runtime);
    std::vector<Note> notes;
    add_notes(notes, row.notes);
    add_notes(notes, model.notes);
    add_notes(notes, weights.notes);
    add_notes(notes, row.memory.notes);
    if (gpu_) {
      row.fit = fit(model, weights, row.workload, *options_.runtime, gpu_->vram, options_.reserve,
                    options_.extend_ctx);
      if (options_.command == Command::estimate) row.advice = advice(row);
      if (gpu_->count > 1)
        notes.push_back({Severity::warning, "multi-gpu-pooled",
                         std::to_string(gpu_->count) + " cards are counted as one pool of " +
                             format_bytes(gpu_->vram) +
                             "; llama.cpp splits by layer, so a little less is usable"});
    }
    row.notes = std::move(notes);
    if (options_.explain) row.steps = explain(model, weights, row.workload, *options_.runtime);
    if (model.format == ModelFormat::gguf && model.source != standard_input)
      row.server_command = server_command(row);
    return row;
  }

  QuantAdvice advice(const Row& row) const {
    AdviceInput input;
    input.n_params = row.model->n_params;
    input.memory_gib = (gpu_->vram + GiB / 2).count / GiB.count;
    input.kv = row.memory.context.device + row.memory.context.host;
    return recommend_quantization(input);
  }

  std::optional<Error> unsound(const Row& row) const {
    const auto& model = *row.model;
    if ((row.memory.model.device + row.memory.model.host).count == 0)
      return Error{ErrorCode::missing_field, model.name,
                   "the weights of architecture '" + model.architecture + "' cannot be counted",
                   "give the parameter count with --params, or name a directory with the "
                   "safetensors index"};
    if (!options_.strict) return std::nullopt;
    const auto hint = "without --strict the figures are shown, marked as assumed";
    if (!model.known_architecture)
      return Error{ErrorCode::unsupported, model.name,
                   "architecture '" + model.architecture + "' is not known", hint};
    if (weakest(row.memory.model_provenance, row.memory.context_provenance) == Provenance::assumed)
      return Error{ErrorCode::unsupported, model.name, "rests on assumed figures", hint};
    return std::nullopt;
  }

  const Options& options_;
  std::optional<Gpu> gpu_;
  std::string_view backend_;
};

Report new_report(const Options& options, Inputs& inputs) {
  Report report;
  report.runtime = options.runtime;
  report.errors = std::move(inputs.errors);
  return report;
}

Result<Report> run_estimate(const Options& options, Inputs inputs, std::optional<Gpu> gpu) {
  auto report = new_report(options, inputs);
  EstimateReport body;
  const Pricer pricer(options, std::move(gpu));
  for (const auto& model : inputs.models) {
    auto rows = pricer.rows(model);
    if (rows)
      std::move(rows->begin(), rows->end(), std::back_inserter(body.rows));
    else
      report.errors.push_back(rows.error());
  }
  report.body = std::move(body);
  return report;
}

bool comes_before(const Row& a, const Row& b, SortKey key) {
  const bool a_no = a.fit->verdict == Verdict::no;
  const bool b_no = b.fit->verdict == Verdict::no;
  if (a_no != b_no) return b_no;
  const auto by_size = [](const Row& x, const Row& y) {
    if (x.model->n_params != y.model->n_params) return x.model->n_params > y.model->n_params;
    return lower(x.model->name) < lower(y.model->name);
  };
  switch (key) {
    case SortKey::params:
      break;
    case SortKey::total:
      if (a.fit->need != b.fit->need) return a.fit->need > b.fit->need;
      break;
    case SortKey::free:
      if (a.fit->free != b.fit->free) return a.fit->free > b.fit->free;
      break;
    case SortKey::ctx:
      if (a.fit->safe_n_ctx != b.fit->safe_n_ctx) return a.fit->safe_n_ctx > b.fit->safe_n_ctx;
      if (a.fit->max_n_ctx != b.fit->max_n_ctx) return a.fit->max_n_ctx > b.fit->max_n_ctx;
      break;
    case SortKey::verdict:
      if (a.fit->verdict != b.fit->verdict) return a.fit->verdict < b.fit->verdict;
      break;
    case SortKey::name:
      if (a.model->name != b.model->name) return lower(a.model->name) < lower(b.model->name);
      break;
  }
  return by_size(a, b);
}

constexpr std::size_t default_top = 25;

Result<Report> run_rank(const Options& options, Inputs inputs, const Gpu& gpu) {
  auto report = new_report(options, inputs);
  RankReport body;
  body.gpu = gpu;
  body.asked = options.workload;
  body.asked.n_ctx = options.n_ctx.value_or(Workload{}.n_ctx);
  body.asked.backend = backend_of(options, gpu);
  body.reserve = options.reserve;
  body.top = options.top.value_or(default_top);
  body.shows_no = options.all;
  body.whole_catalog = options.models.empty() && !options.params;
  const Pricer pricer(options, gpu);
  for (const auto& model : inputs.models) {
    if (!matches(model->name, options.filter)) continue;
    auto rows = pricer.rows(model);
    if (!rows) {
      report.errors.push_back(rows.error());
      continue;
    }
    for (auto& row : *rows) {
      ++body.n_ranked;
      const auto verdict = row.fit->verdict;
      if (verdict == Verdict::no) ++body.n_no;
      if (verdict == Verdict::no && !options.all) continue;
      if (verdict != Verdict::fits && options.fits_only) continue;
      if (row.fit->max_n_ctx < options.min_ctx) continue;
      body.rows.push_back(std::move(row));
    }
  }
  std::stable_sort(body.rows.begin(), body.rows.end(),
                   [&](const Row& a, const Row& b) { return comes_before(a, b, options.sort); });
  report.body = std::move(body);
  return report;
}

/// Rows of one model on `count` cards of every kind that hold it, smallest memory first.
std::vector<Row> holders(const Options& options, const Model& model,
                         const std::vector<GpuCard>& cards, unsigned count,
                         std::vector<Error>& errors) {
  std::map<std::tuple<Bytes, std::string>, Row> priced;  // cards of one size give one answer
  std::vector<Row> rows;
  for (const auto& card : cards) {
    if (!matches(card.display, options.filter)) continue;
    const auto gpu =
        find_gpu(cards, (count > 1 ? std::to_string(count) + "x " : "") + card.display);
    if (!gpu) continue;
    const auto key = std::tuple(gpu->vram, gpu->backend);
    if (!priced.contains(key)) {
      auto result = Pricer(options, *gpu).rows(model);
      if (!result) {
        errors.push_back(result.error());
        return {};
      }
      priced.emplace(key, std::move(result->front()));
    }
    auto row = priced.at(key);
    row.gpu = *gpu;
    const bool holds = row.fit->verdict != Verdict::no && !row.lowered;
    if (options.fits_only ? row.fit->verdict == Verdict::fits : holds || options.all)
      rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.gpu->vram < b.gpu->vram; });
  return rows;
}

Result<Report> run_plan(Io& io, const Options& options, Inputs inputs) {
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  auto report = new_report(options, inputs);
  PlanReport body;
  body.top = options.top.value_or(default_top);
  body.shows_no = options.all;
  for (const auto& model : inputs.models) {
    std::vector<Row> rows;
    for (const unsigned count : {1U, 2U, 4U, 8U}) {
      const std::size_t failed = report.errors.size();
      rows = holders(options, model, *cards, count, report.errors);
      if (!rows.empty() || report.errors.size() != failed) break;
    }
    body.models.push_back(std::move(rows));
  }
  report.body = std::move(body);
  return report;
}

Result<Report> run_show(const Options& options, Inputs inputs) {
  auto report = new_report(options, inputs);
  ShowReport body;
  for (const auto& model : inputs.models) body.models.push_back({*model, stored_weights(*model)});
  report.body = std::move(body);
  return report;
}

bool usable(const Row& row) { return !row.fit || row.fit->verdict != Verdict::no; }

}  // namespace

Result<Report> answer(Io& io, const Options& options) {
  if (options.command == Command::list) return run_list(io, options);
  const auto gpu = read_gpu(io, options);
  if (!gpu) return gpu.error();
  auto inputs = read_models(io, options);
  if (!inputs) return inputs.error();
  switch (options.command) {
    case Command::rank:
      return run_rank(options, std::move(*inputs), **gpu);
    case Command::estimate:
      return run_estimate(options, std::move(*inputs), *gpu);
    case Command::show:
      return run_show(options, std::move(*inputs));
    case Command::plan:
      return run_plan(io, options, std::move(*inputs));
    case Command::list:
      break;
  }
  return run_list(io, options);
}

bool fits(const Report& report) {
  if (const auto* body = std::get_if<EstimateReport>(&report.body))
    return std::all_of(body->rows.begin(), body->rows.end(), usable);
  if (const auto* body = std::get_if<RankReport>(&report.body))
    return std::any_of(body->rows.begin(), body->rows.end(), usable);
  if (const auto* body = std::get_if<PlanReport>(&report.body))
    return std::all_of(body->models.begin(), body->models.end(), [](const auto& rows) {
      return std::any_of(rows.begin(), rows.end(), usable);
    });
  return true;
}

}  // namespace fitvram::cli
