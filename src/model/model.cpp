#include "fitvram/model.hpp"

#include <algorithm>

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
