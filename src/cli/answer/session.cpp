#include "cli/answer/session.hpp"

#include <algorithm>

#include "cli/answer/inputs.hpp"
#include "cli/ask/fields.hpp"
#include "fitvram/parse.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t most_known = 64;
constexpr std::size_t longest_key = std::size_t{1} << 16;

Error at_request(Error error, const std::string& file, const Request& request,
                 const std::string& pointer = {}) {
  auto where = file + ":" + std::to_string(request.line);
  if (!pointer.empty()) where += ": /" + pointer;
  if (!error.where.empty()) where += ": " + error.where;
  error.where = std::move(where);
  return error;
}

}  // namespace

Session::Session(Io& io, const Options& options, std::vector<CatalogEntry> catalog,
                 std::vector<GpuCard> cards)
    : io_(&io), options_(options), catalog_(std::move(catalog)), cards_(std::move(cards)) {}

Result<Session> Session::open(Io& io, const Options& options) {
  auto catalog = load_catalog(io, options);
  if (!catalog) return catalog.error();
  auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  return Session(io, options, std::move(*catalog), std::move(*cards));
}

Result<ModelInfo> Session::read(const Request& request, const std::string& word) {
  if (!request.config.empty()) return parse_hf_config(request.config, "/model");
  if (word == "-")
    return Error{ErrorCode::io, "", "standard input cannot be a model here",
                 "name a file, or put the config in place of its name"};
  auto models = load_models(*io_, word, catalog_);
  if (models.size() == 1) return std::move(models.front());
  return Error{ErrorCode::ambiguous, word, "holds " + std::to_string(models.size()) + " models",
               "name one of its files"};
}

Result<Session::Found> Session::model_of(const Request& request, const std::string& directory) {
  const auto word = request.model.empty() ? "" : beside(*io_, directory, request.model);
  Key key{word, request.config, request.name};
  const auto at = std::find_if(known_.begin(), known_.end(),
                               [&](const Known& known) { return known.key == key; });
  if (at != known_.end()) {
    known_.splice(known_.begin(), known_, at);
    return Found{known_.front().model, &known_.front().memo};
  }
  auto model = read(request, word);
  io_->forget_files();
  if (!model) return model.error();
  if (model->name.empty()) model->name = request.name;
  Model shared = std::make_shared<const ModelInfo>(std::move(*model));
  if (key.size() > longest_key) return Found{std::move(shared)};
  known_.push_front({std::move(key), std::move(shared), {}});
  if (known_.size() > most_known) known_.pop_back();
  return Found{known_.front().model, &known_.front().memo};
}

/// Looking a card up compares its name with hundreds.
Result<std::optional<Gpu>> Session::card_of(const Options& options) {
  if (options.gpu.empty() || options.vram) return gpu_of(cards_, options);
  const auto known = gpus_.find(options.gpu);
  if (known != gpus_.end()) return std::optional(known->second);
  auto gpu = gpu_of(cards_, options);
  if (gpu && *gpu && options.gpu.size() <= longest_key) {
    if (gpus_.size() == most_known) gpus_.clear();
    gpus_.emplace(options.gpu, **gpu);
  }
  return gpu;
}

Result<Priced> Session::price(const Request& request, const std::string& directory,
                              const std::string& file) {
  Options options = options_;
  if (const auto wrong = apply(request.fields, options))
    return at_request({ErrorCode::malformed, "", wrong->problem.message, wrong->problem.hint}, file,
                      request, wrong->key);
  if (request.model.empty() && request.config.empty() && !options.params)
    return at_request({ErrorCode::missing_field, "", "names no model",
                       "{\"model\": \"gemma-3-27b\"}: a file, a directory or a catalogue name"},
                      file, request);
  const auto gpu = card_of(options);
  if (!gpu) return at_request(gpu.error(), file, request);
  Model model;
  ModelMemo* memo = nullptr;
  if (request.model.empty() && request.config.empty()) {
    model = model_of_count(options, request.name);
  } else {
    auto found = model_of(request, directory);
    if (!found) return at_request(found.error(), file, request);
    model = with_count(found->model, options);
    if (model == found->model) memo = found->memo;
  }
  const Pricer pricer(options, *gpu);
  auto rows = pricer.rows(model, memo);
  if (!rows) return at_request(rows.error(), file, request);
  return Priced{std::move(rows->front()), options.runtime};
}

}  // namespace fitvram::cli
