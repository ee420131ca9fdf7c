#include "cli/price.hpp"

#include <algorithm>

#include "cli/inputs.hpp"
#include "cli/server_command.hpp"
#include "text.hpp"

namespace fitvram::cli {
namespace {

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

}  // namespace

std::string_view backend_of(const Options& options, const std::optional<Gpu>& gpu) {
  if (options.backend != nullptr) return options.backend->name;
  const auto* own = gpu ? find_backend(gpu->backend) : nullptr;
  return own != nullptr ? own->name : Workload{}.backend;
}

Pricer::Pricer(const Options& options, std::optional<Gpu> gpu)
    : options_(options), gpu_(std::move(gpu)), backend_(backend_of(options, gpu_)) {}

Result<std::vector<Row>> Pricer::rows(const Model& model) const {
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
  if (options_.quant != nullptr) {
    if (auto refused = refusal(*options_.quant, *options_.runtime)) {
      refused->where = model->name;
      return *refused;
    }
  }
  std::vector<Row> rows;
  if (options_.all_quants) {
    for (const auto& scheme : schemes())
      if (scheme.ladder) rows.push_back(priced(row, quantize(*model, scheme)));
  } else {
    const auto weights = form(row);
    rows.push_back(priced(std::move(row), weights));
  }
  for (const auto& each : rows)
    if (auto error = unsound(each)) return *error;
  return rows;
}

Weights Pricer::form(Row& row) const {
  const auto& model = *row.model;
  if (options_.quant != nullptr) {
    if (model.format == ModelFormat::gguf && lower(model.quant) == lower(options_.quant->name))
      return stored_weights(model);
    if (model.format == ModelFormat::gguf)
      row.notes.push_back({Severity::info, "requantized",
                           "figures are for this file requantized from " + model.quant + " to " +
                               std::string(options_.quant->name)});
    return quantize(model, *options_.quant);
  }
  if (model.format == ModelFormat::gguf) return stored_weights(model);
  if (gpu_) {
    auto choice = choose_quant(model, row.workload, *options_.runtime, gpu_->vram, options_.reserve,
                               options_.extend_ctx);
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

Row Pricer::priced(Row row, const Weights& weights) const {
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
  if (options_.explain) {
    row.steps = explain(model, weights, row.workload, *options_.runtime);
    if (row.fit)
      for (auto& step :
           explain(*row.fit, model, weights, row.workload, *options_.runtime, options_.reserve))
        row.steps.push_back(std::move(step));
  }
  if (model.format == ModelFormat::gguf && model.source != standard_input)
    row.server_command = server_command(row);
  return row;
}

QuantAdvice Pricer::advice(const Row& row) const {
  AdviceInput input;
  input.n_params = row.model->n_params;
  input.memory_gib = (gpu_->vram + GiB / 2).count / GiB.count;
  input.kv = row.memory.context.device + row.memory.context.host;
  return recommend_quantization(input);
}

std::optional<Error> Pricer::unsound(const Row& row) const {
  const auto& model = *row.model;
  if ((row.memory.model.device + row.memory.model.host).count == 0) {
    const auto why = std::find_if(row.notes.begin(), row.notes.end(),
                                  [](const Note& note) { return note.code == "params-unknown"; });
    return Error{ErrorCode::missing_field, model.name,
                 why == row.notes.end() ? "the weights cannot be counted" : why->message,
                 "give the parameter count (--params 8B), or name a directory with the complete "
                 "config.json or the safetensors index"};
  }
  if (!options_.strict) return std::nullopt;
  const auto hint = "without --strict the figures are shown, marked as assumed";
  if (!model.known_architecture)
    return Error{ErrorCode::unsupported, model.name,
                 "architecture '" + model.architecture + "' is not known", hint};
  if (weakest(row.memory.model_provenance, row.memory.context_provenance) == Provenance::assumed)
    return Error{ErrorCode::unsupported, model.name, "rests on assumed figures", hint};
  return std::nullopt;
}

}  // namespace fitvram::cli
