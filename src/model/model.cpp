#include "fitvram/model.hpp"

#include <algorithm>
#include <string>

#include "base/limits.hpp"

namespace fitvram {

const char* name_of(CacheRole role) {
  switch (role) {
    case CacheRole::kv:
      return "kv";
    case CacheRole::latent:
      return "latent";
    case CacheRole::indexer:
      return "indexer";
    case CacheRole::conv_state:
      return "conv-state";
    case CacheRole::recurrent_state:
      return "recurrent-state";
    case CacheRole::compressor_state:
      return "compressor-state";
  }
  return "";
}

const char* name_of(Growth growth) {
  switch (growth) {
    case Growth::full:
      return "full";
    case Growth::sliding:
      return "sliding";
    case Growth::chunked:
      return "chunked";
    case Growth::strided:
      return "strided";
    case Growth::constant:
      return "constant";
  }
  return "";
}

const char* name_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::attention:
      return "attention";
    case LayerKind::sliding:
      return "sliding";
    case LayerKind::chunked:
      return "chunked";
    case LayerKind::latent:
      return "latent";
    case LayerKind::recurrent:
      return "recurrent";
    case LayerKind::hybrid:
      return "hybrid";
    case LayerKind::feed_forward:
      return "feed-forward";
    case LayerKind::shared_kv:
      return "shared-kv";
    case LayerKind::nextn:
      return "nextn";
  }
  return "";
}

const char* name_of(ModelFormat format) {
  switch (format) {
    case ModelFormat::gguf:
      return "gguf";
    case ModelFormat::hf_config:
      return "hf-config";
    case ModelFormat::catalog:
      return "catalog";
    case ModelFormat::parameters:
      return "parameters";
  }
  return "";
}

const char* name_of(Provenance provenance) {
  switch (provenance) {
    case Provenance::exact:
      return "exact";
    case Provenance::derived:
      return "derived";
    case Provenance::assumed:
      return "assumed";
  }
  return "";
}

const char* name_of(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
  }
  return "";
}

namespace {

std::optional<Error> unsound(std::string where, std::string message) {
  return Error{ErrorCode::malformed, std::move(where), std::move(message), ""};
}

std::optional<Error> check_layers(const ModelInfo& model) {
  const std::size_t n = model.layers.size();
  if (n == 0 && model.format != ModelFormat::parameters)
    return Error{ErrorCode::missing_field, "layers", "the model has no layers",
                 "model_of_params() makes one of a parameter count"};
  if (n > most_blocks)
    return Error{
        ErrorCode::limit, "layers",
        std::to_string(n) + " layers; no model has more than " + std::to_string(most_blocks), ""};
  if (model.n_layer > n)
    return unsound("n_layer",
                   std::to_string(model.n_layer) + " of " + std::to_string(n) + " layers run");
  for (std::size_t i = 0; i < n; ++i) {
    const auto& caches = model.layers[i].caches;
    for (std::size_t k = 0; k < caches.size(); ++k) {
      const CacheSlot& slot = caches[k];
      const bool spans = is_window(slot.growth) || slot.growth == Growth::strided;
      if (spans && slot.span == 0)
        return unsound("layers[" + std::to_string(i) + "].caches[" + std::to_string(k) + "]",
                       std::string("a ") + name_of(slot.growth) + " cache of no tokens");
    }
  }
  return std::nullopt;
}

std::optional<Error> check_tensor(const ModelInfo& model, const Tensor& tensor) {
  if (tensor.name == "") return unsound({}, "a tensor without a name");
  const auto refused = [&](const std::string& why) {
    return unsound({}, "tensor '" + full_name(tensor) + "' " + why);
  };
  if (std::find(tensor.ne.begin(), tensor.ne.end(), 0U) != tensor.ne.end())
    return refused("has a dimension of 0");
  if (tensor.type == nullptr || tensor.type->block_elems == 0 || tensor.type->block_bytes == 0)
    return refused("has no type");
  if (tensor.layer < -1 || tensor.layer >= static_cast<std::int64_t>(model.layers.size()))
    return refused("belongs to layer " + std::to_string(tensor.layer) + " of " +
                   std::to_string(model.layers.size()));
  return std::nullopt;
}

}  // namespace

std::optional<Error> check(const ModelInfo& model) {
  if (auto error = check_layers(model)) return error;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    auto error = check_tensor(model, model.tensors[i]);
    if (!error) continue;
    error->where = "tensors[" + std::to_string(i) + "]";
    return error;
  }
  if (model.format == ModelFormat::parameters && model.n_params == 0)
    return Error{ErrorCode::missing_field, "n_params", "the model has no parameters", ""};
  return std::nullopt;
}

bool has_window(const ModelInfo& model) {
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (is_window(slot.growth)) return true;
  return false;
}

bool has_recurrent(const ModelInfo& model) {
  return std::any_of(model.layers.begin(), model.layers.end(), [](const Layer& layer) {
    return layer.kind == LayerKind::recurrent || layer.kind == LayerKind::hybrid;
  });
}

}  // namespace fitvram
