#include "cli/answer/price.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace fitvram::cli {

std::uint64_t default_context(const Defaults& defaults, const Workload& workload) {
  const bool shared = workload.kv_unified || !defaults.each_sequence;
  return sat_mul(defaults.n_ctx, shared ? 1 : std::max(1U, workload.n_seq));
}

namespace {

/// -c as this model runs it: never beyond the trained length unless that is asked for.
std::uint64_t resolve_context(const ModelInfo& model, const Options& options,
                              const Defaults& defaults, const Workload& workload,
                              std::vector<Note>& notes) {
  const std::uint64_t streams = workload.kv_unified ? 1 : workload.n_seq;
  const std::uint64_t trained = model.n_ctx_train;
  const std::uint64_t limit = trained == 0 ? UINT64_MAX : sat_mul(trained, streams);
  const std::uint64_t asked = options.n_ctx.value_or(defaults.n_ctx);
  if (!options.n_ctx && asked != 0) return std::min(default_context(defaults, workload), limit);
  if (asked == 0) {
    const std::uint64_t shares = defaults.each_sequence ? streams : 1;
    if (trained != 0) return sat_mul(trained, shares);
    notes.push_back({Severity::warning, "trained-length-unknown",
                     "the trained length is not stated; computed at 8192 tokens"});
    return sat_mul(Workload{}.n_ctx, shares);
  }
  if (asked <= limit || options.extend_ctx) return asked;
  const bool warns = options.runtime->loads == SchemeFamily::gguf;
  notes.push_back({Severity::warning, "context-clamped",
                   "-c " + std::to_string(asked) + " is above the trained length: computed at " +
                       std::to_string(limit) + " tokens (" +
                       (warns ? std::string(options.runtime->title) + " would only warn; " : "") +
                       "--extend-ctx computes what was asked)"});
  return limit;
}

bool packed(const ModelInfo& model) {
  return !model.quant.empty() && model.quant != "BF16" && model.quant != "F16" &&
         model.quant != "F32";
}

void add_notes(std::vector<Note>& to, const std::vector<Note>& from) {
  for (const auto& note : from)
    if (std::find(to.begin(), to.end(), note) == to.end()) to.push_back(note);
}

bool differ_in_name_only(const ModelInfo& a, const ModelInfo& b) {
  if (a.n_params != b.n_params || a.architecture != b.architecture) return false;
  ModelInfo renamed = a;
  renamed.name = b.name;
  renamed.source = b.source;
  renamed.hparams.name = b.hparams.name;
  return renamed == b;
}

}  // namespace

std::string_view backend_of(const Options& options, const std::optional<Gpu>& gpu) {
  const std::string_view runs_on = options.runtime->backends;
  if (options.backend != nullptr) return options.backend->name;
  if (!gpu) return find_backend(runs_on.substr(0, runs_on.find(' ')))->name;
  const auto* own = find_backend(gpu->vendor == "amd" && !has_word(runs_on, gpu->backend)
                                     ? std::string_view("rocm")
                                     : std::string_view(gpu->backend));
  if (own == nullptr) return Workload{}.backend;
  // A mere amount of memory is whatever the runtime runs on.
  if (gpu->vendor.empty() && !has_word(runs_on, own->name))
    return backend_of(options, std::nullopt);
  return own->name;
}

Device device_of(const Gpu& gpu, const Options& options) {
  Device device{gpu.vram};
  device.total = gpu.total;
  device.unified = gpu.unified;
  device.count = gpu.vendor.empty() ? options.workload.n_tp : gpu.count;
  device.name = gpu.name;
  return device;
}

Pricer::Pricer(const Options& options, std::optional<Gpu> gpu)
    : options_(options),
      gpu_(std::move(gpu)),
      device_(gpu_ ? std::optional(device_of(*gpu_, options)) : std::nullopt),
      backend_(backend_of(options, gpu_)) {}

Workload Pricer::workload_of(const ModelInfo& model, std::vector<Note>& notes) const {
  const Defaults defaults = defaults_of(*options_.runtime, model, device_);
  Workload workload = options_.workload;
  workload.backend = backend_;
  if (!options_.gave("--batch-size")) workload.n_batch = defaults.n_batch;
  if (!options_.gave("--ubatch-size")) workload.n_ubatch = defaults.n_ubatch;
  if (!options_.gave("--tensor-parallel-size")) workload.n_tp = defaults.n_tp;
  if (workload.type_k == nullptr && workload.type_v == nullptr)
    workload.type_k = workload.type_v = defaults.type_kv;
  if (!options_.gave("--parallel")) {
    workload.n_seq = defaults.n_seq;
    if (!options_.gave("--outputs")) workload.n_outputs = defaults.n_seq;
  }
  workload.n_ctx = resolve_context(model, options_, defaults, workload, notes);
  return workload;
}

std::optional<Error> Pricer::refused(const ModelInfo& model, const Workload& workload) const {
  const Runtime& runtime = *options_.runtime;
  if (workload.n_tp > 1 && device_ && workload.n_tp > device_->count)
    return Error{ErrorCode::unsupported, "",
                 "-tp " + std::to_string(workload.n_tp) + " needs as many cards",
                 "--gpu \"" + std::to_string(workload.n_tp) + "x NAME\""};
  if (auto error = refusal(model, workload, runtime)) return error;
  // A packed checkpoint is what a server of checkpoints loads; others convert its source.
  const Scheme* scheme = options_.quant;
  const bool sized = options_.file_size.has_value();
  if (scheme == nullptr && !sized && packed(model) && runtime.loads != SchemeFamily::gguf)
    scheme = find_scheme(model.quant);
  if (scheme != nullptr)
    if (auto error = refusal(model, *scheme, runtime)) return error;
  if (model.format == ModelFormat::gguf && sized)
    return Error{ErrorCode::unsupported, "", "a GGUF file tells the sizes of its tensors",
                 "leave --file-size out"};
  if (model.format == ModelFormat::gguf && options_.quant == nullptr &&
      runtime.loads != SchemeFamily::gguf)
    return Error{ErrorCode::unsupported, "",
                 std::string(runtime.title) + " does not load GGUF files",
                 "-q prices a form that it loads"};
  return std::nullopt;
}

Result<std::vector<Row>> Pricer::rows(const Model& model, ModelMemo* memo) const {
  Row row;
  row.model = model;
  row.gpu = gpu_;
  row.workload = workload_of(*model, row.notes);
  if (auto error = refused(*model, row.workload)) {
    if (error->where.empty()) error->where = model->name;
    return *error;
  }
  std::vector<Row> rows;
  if (options_.all_quants) {
    const std::string_view ladder = options_.runtime->ladder;
    const bool mxfp4 = n_mxfp4(*model) > 0;
    const auto listed = [&](const Scheme& scheme) {
      if (!ladder.empty()) return has_word(ladder, scheme.name);
      return scheme.ladder || (mxfp4 && scheme.name == "MXFP4_MOE");
    };
    for (const auto& scheme : schemes())
      if (listed(scheme))
        rows.push_back(priced(row, {quantize(*model, scheme), std::nullopt}, memo));
  } else {
    auto chosen = form(row, memo);
    rows.push_back(priced(std::move(row), std::move(chosen), memo));
  }
  for (const auto& each : rows)
    if (auto error = unsound(each)) return *error;
  return rows;
}

bool Pricer::only_chooses(const ModelInfo& model, const Workload& workload) const {
  const bool counted = !model.tensors.empty() && model.known_architecture;
  return chooses(model) && !options_.all_quants && !options_.strict && counted &&
         !refused(model, workload);
}

FitRequest Pricer::request(const ModelInfo& model, const Workload& workload,
                           ModelMemo* memo) const {
  return {.model = model,
          .runtime = *options_.runtime,
          .workload = workload,
          .device = *device_,
          .reserve = options_.reserve,
          .extend_ctx = options_.extend_ctx,
          .memo = memo};
}

const std::optional<Choice>& Pricer::running_choice(const Row& row) {
  if (!last_.model || !differ_in_name_only(*last_.model, *row.model))
    last_.choice = choose_running(request(*row.model, row.workload));
  last_.model = row.model;
  return last_.choice;
}

Result<std::optional<Row>> Pricer::running_row(const Model& model) {
  Row row;
  row.model = model;
  row.gpu = gpu_;
  row.workload = workload_of(*model, row.notes);
  if (only_chooses(*model, row.workload)) {
    const auto& choice = running_choice(row);
    if (!choice) return std::optional<Row>{};
    auto form = chosen(row, *choice);
    return std::optional<Row>{priced(std::move(row), std::move(form))};
  }
  auto all = rows(model);
  if (!all) return all.error();
  if (all->front().fit->verdict == Verdict::no) return std::optional<Row>{};
  return std::optional<Row>{std::move(all->front())};
}

/// A packed checkpoint is loaded as it is by servers of checkpoints.
bool Pricer::chooses(const ModelInfo& model) const {
  const bool own = packed(model) && options_.runtime->loads != SchemeFamily::gguf;
  return options_.quant == nullptr && !options_.file_size && model.format != ModelFormat::gguf &&
         device_ && !own;
}

/// What stands for a checkpoint that the runtime does not load: of as many bits, or, where those
/// are not known, as the converter unpacks it.
const Scheme& Pricer::loaded_form(const ModelInfo& model) const {
  if (n_mxfp4(model) > 0) return *find_scheme("MXFP4_MOE");
  const auto* own = find_scheme(model.quant);
  const auto* nearest = own == nullptr ? nullptr : nearest_loaded(model, *own, *options_.runtime);
  return nearest == nullptr ? *find_scheme("F16") : *nearest;
}

Pricer::Form Pricer::form(Row& row, ModelMemo* memo) const {
  const auto& model = *row.model;
  if (options_.file_size) {
    const auto* quant = options_.quant;
    const auto name = quant == nullptr ? options_.file_quant : std::string(quant->name);
    return {weights_of_size(model, *options_.file_size, name, quant,
                            options_.runtime->loads == SchemeFamily::gguf),
            std::nullopt};
  }
  if (options_.quant != nullptr) {
    if (model.format == ModelFormat::gguf &&
        lower_case(model.quant) == lower_case(options_.quant->name))
      return {stored_weights(model), std::nullopt};
    if (model.format == ModelFormat::gguf)
      row.notes.push_back({Severity::info, "requantized",
                           "figures are for this file requantized from " + model.quant + " to " +
                               std::string(options_.quant->name)});
    if (memo != nullptr) return {memo->quantize(model, *options_.quant), std::nullopt};
    return {quantize(model, *options_.quant), std::nullopt};
  }
  if (model.format == ModelFormat::gguf) return {stored_weights(model), std::nullopt};
  if (chooses(model)) return chosen(row, choose_quant(request(model, row.workload, memo)));
  if (device_) return {stored_weights(model), std::nullopt};
  if (model.format == ModelFormat::parameters)
    return {quantize(model, *find_scheme("F16")), std::nullopt};
  if (packed(model) && options_.runtime->loads == SchemeFamily::gguf) {
    const auto& scheme = loaded_form(model);
    row.notes.push_back({Severity::info, "checkpoint-not-loaded",
                         std::string(options_.runtime->title) + " does not load the " +
                             model.quant + " checkpoint: priced as " + std::string(scheme.name) +
                             ", the nearest GGUF file; -q prices another, --gpu chooses one"});
    return {quantize(model, scheme), std::nullopt};
  }
  auto stored = stored_weights(model);
  row.notes.push_back({Severity::info, "own-precision",
                       "weights as the checkpoint has them" +
                           (stored.quant.empty() ? "" : " (" + stored.quant + ")") +
                           "; -q prices a quantization, --gpu chooses one"});
  return {std::move(stored), std::nullopt};
}

Pricer::Form Pricer::chosen(Row& row, Choice choice) const {
  row.below_q4_k_m = choice.below_q4_k_m;
  if (choice.below_q4_k_m)
    row.notes.push_back(
        {Severity::warning, "quant-lowered",
         "nothing with the bits of Q4_K_M runs here; " + choice.weights.quant + " costs quality"});
  return {std::move(choice.weights), std::move(choice.fit)};
}

Row Pricer::priced(Row row, Form form, ModelMemo* memo) const {
  const auto& model = *row.model;
  const Runtime& runtime = *options_.runtime;
  const Weights& weights = form.weights;
  row.quant = weights.quant;
  const Workload asked = row.workload;
  if (device_) {
    row.workload = resolved(model, weights, asked, runtime, *device_);
    row.fit = form.fit ? std::move(*form.fit) : fit(request(model, asked, memo), weights);
    row.memory = std::move(row.fit->memory);
  } else {
    row.memory = estimate(model, weights, row.workload, runtime);
  }
  std::vector<Note> notes;
  add_notes(notes, row.notes);
  add_notes(notes, model.notes);
  add_notes(notes, weights.notes);
  add_notes(notes, row.memory.notes);
  if (gpu_) {
    row.answers = answers_of(runtime, model, weights, asked, *device_);
    if (options_.command == Command::estimate) row.advice = advice(row);
    if (gpu_->count > 1 && row.workload.n_tp < gpu_->count)
      notes.push_back({Severity::warning, "multi-gpu-pooled",
                       std::to_string(gpu_->count) + " cards are counted as one pool of " +
                           format_bytes(gpu_->vram) + "; " + std::string(options_.runtime->title) +
                           " splits by layer, so a little less is usable"});
  }
  row.notes = std::move(notes);
  if (options_.explain) {
    row.steps = explain(model, weights, row.workload, runtime);
    if (row.fit)
      for (auto& step : explain(*row.fit, request(model, asked), weights))
        row.steps.push_back(std::move(step));
  }
  row.server_command = launch_command(runtime, model, weights.quant, row.workload);
  return row;
}

QuantAdvice Pricer::advice(const Row& row) const {
  AdviceInput input;
  input.n_params = row.model->n_params;
  input.n_mxfp4 = n_mxfp4(*row.model);
  input.memory_gib = (gpu_->vram + GiB / 2).count / GiB.count;
  input.kv = row.memory.context.device + row.memory.context.host;
  return recommend_quantization(input);
}

std::optional<Error> Pricer::unsound(const Row& row) const {
  const auto& model = *row.model;
  const bool file = model.format == ModelFormat::gguf || model.format == ModelFormat::hf_config;
  const auto& where = file && !model.source.empty() ? model.source : model.name;
  if ((row.memory.model.device + row.memory.model.host).count == 0) {
    const auto why = std::find_if(row.notes.begin(), row.notes.end(),
                                  [](const Note& note) { return note.code == "params-unknown"; });
    return Error{ErrorCode::missing_field, where,
                 why == row.notes.end() ? "the weights cannot be counted" : why->message,
                 "give the parameter count (--params 8B), or name a directory with the complete "
                 "config.json or the safetensors index"};
  }
  if (!options_.strict) return std::nullopt;
  const auto hint = "without --strict the figures are shown, marked as assumed";
  if (!model.known_architecture)
    return Error{ErrorCode::unsupported, where,
                 "architecture '" + model.architecture + "' is not known", hint};
  if (weakest(row.memory.model_provenance, row.memory.context_provenance) == Provenance::assumed)
    return Error{ErrorCode::unsupported, where, "rests on assumed figures", hint};
  return std::nullopt;
}

}  // namespace fitvram::cli
