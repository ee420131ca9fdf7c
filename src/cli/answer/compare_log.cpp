#include "cli/answer/compare_log.hpp"

#include <algorithm>
#include <utility>

#include "cli/answer/inputs.hpp"
#include "cli/flags/table.hpp"

namespace fitvram::cli {
namespace {

Result<ServerLog> read_log(Io& io, const std::string& file) {
  const auto bytes = file == "-" ? io.read_stdin() : io.read_file(file);
  if (!bytes) return bytes.error();
  auto log = parse_server_log({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (!log.has_model() && !log.has_context())
    return Error{ErrorCode::not_a_model, file == "-" ? std::string(standard_input) : file,
                 "says nothing of what llama.cpp allocated",
                 "it needs lines such as 'load_tensors: CUDA0 model buffer size = ...', which "
                 "llama-server and llama-cli print while they start"};
  return log;
}

/// --model, the file that the log names, or the catalogue's model of the log's name.
Result<ModelInfo> model_of_log(Io& io, const Options& options, const ServerLog& log) {
  const auto catalog = load_catalog(io, options);
  if (!catalog) return catalog.error();
  auto word = options.log_model;
  if (word.empty() && io.kind_of(log.model.path) == PathKind::file) word = log.model.path;
  if (!word.empty()) {
    auto models = load_models(io, word, *catalog);
    if (!models.empty()) return std::move(models.front());
  }
  if (!log.model.name.empty())
    if (const auto entry = find_model(*catalog, log.model.name)) {
      auto model = model_of(**entry);
      if (model && model->architecture == log.model.architecture) return model;
    }
  const auto known = log.model.path.empty() ? log.model.name : log.model.path;
  return Error{ErrorCode::missing_field,
               options.log == "-" ? std::string(standard_input) : options.log,
               known.empty() ? "does not say which model was loaded"
                             : "the model it is about is not at hand: " + known,
               "name it with --model: the GGUF file, or a name from 'fitvram list models'"};
}

Weights weights_of(const ModelInfo& model, const Options& options, const ServerLog& log,
                   std::vector<Note>& notes) {
  if (options.quant != nullptr) return quantize(model, *options.quant);
  if (model.format == ModelFormat::gguf) return stored_weights(model);
  if (const auto* scheme = find_scheme(scheme_of_file_type(log.model.file_type)))
    return quantize(model, *scheme);
  notes.push_back({Severity::warning, "quantization-unknown",
                   "the log does not tell the quantization; -q does"});
  return stored_weights(model);
}

/// The log's settings under those of the command line.
Workload settings_of(const Options& options, const ServerLog& log) {
  Options settings = options;
  settings.workload = workload_of(log);
  for (const auto& [names, value] : options.given)
    for (const auto& flag : flags())
      if (flag.names == names && names != "-q --quant") flag.set(settings, value);
  Workload workload = settings.workload;
  if (settings.n_ctx) workload.n_ctx = *settings.n_ctx;
  if (settings.backend != nullptr) workload.backend = settings.backend->name;
  return workload;
}

}  // namespace

Result<Report> run_compare_log(Io& io, const Options& options) {
  const auto log = read_log(io, options.log);
  if (!log) return log.error();
  auto model = model_of_log(io, options, *log);
  if (!model) return model.error();

  LogReport body;
  body.log = options.log == "-" ? std::string(standard_input) : options.log;
  Row& row = body.row;
  row.notes = model->notes;
  const auto weights = weights_of(*model, options, *log, row.notes);
  row.model = std::make_shared<const ModelInfo>(std::move(*model));
  row.quant = weights.quant;
  row.workload = settings_of(options, *log);
  row.memory = estimate(*row.model, weights, row.workload, *options.runtime);
  body.comparison = compare(*log, *row.model, weights, row.workload, *options.runtime);
  for (const std::vector<Note>* notes :
       {&std::as_const(weights).notes, &std::as_const(row.memory).notes,
        &std::as_const(body.comparison).notes})
    for (const auto& note : *notes)
      if (std::find(row.notes.begin(), row.notes.end(), note) == row.notes.end())
        row.notes.push_back(note);
  Report report;
  report.runtime = options.runtime;
  report.body = std::move(body);
  return report;
}

}  // namespace fitvram::cli
