#include "families/table.hpp"
#include "fitvram/fit.hpp"

namespace fitvram {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::io:
      return "io";
    case ErrorCode::not_a_model:
      return "not-a-model";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::missing_field:
      return "missing-field";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::unknown_name:
      return "unknown-name";
    case ErrorCode::ambiguous:
      return "ambiguous";
  }
  return "";
}

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

const char* name_of(TensorRole role) {
  switch (role) {
    case TensorRole::token_embd:
      return "token-embedding";
    case TensorRole::position_embd:
      return "position-embedding";
    case TensorRole::per_layer_embd:
      return "per-layer-embedding";
    case TensorRole::output:
      return "output";
    case TensorRole::output_norm:
      return "output-norm";
    case TensorRole::norm:
      return "norm";
    case TensorRole::attention:
      return "attention";
    case TensorRole::feed_forward:
      return "feed-forward";
    case TensorRole::expert:
      return "expert";
    case TensorRole::router:
      return "router";
    case TensorRole::recurrent:
      return "recurrent";
    case TensorRole::indexer:
      return "indexer";
    case TensorRole::rope:
      return "rope";
    case TensorRole::multimodal:
      return "multimodal";
    case TensorRole::other:
      return "other";
  }
  return "";
}

const char* name_of(MemoryClass memory) {
  switch (memory) {
    case MemoryClass::attention:
      return "attention";
    case MemoryClass::none:
      return "none";
    case MemoryClass::recurrent:
      return "recurrent";
    case MemoryClass::hybrid:
      return "hybrid";
    case MemoryClass::parallel_hybrid:
      return "parallel hybrid";
    case MemoryClass::hybrid_indexer:
      return "hybrid + indexer";
    case MemoryClass::dsa:
      return "dsa";
    case MemoryClass::dsa_window:
      return "dsa + window";
    case MemoryClass::msa:
      return "msa";
    case MemoryClass::dsv4:
      return "dsv4";
  }
  return "";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits:
      return "fits";
    case Verdict::tight:
      return "tight";
    case Verdict::no:
      return "no";
  }
  return "";
}

const char* name_of(Advice advice) {
  switch (advice) {
    case Advice::fp16:
      return "FP16";
    case Advice::int8:
      return "INT8";
    case Advice::int4:
      return "INT4";
  }
  return "";
}

bool has_window(const ModelInfo& model) {
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.growth == Growth::sliding || slot.growth == Growth::chunked) return true;
  return false;
}

}  // namespace fitvram
