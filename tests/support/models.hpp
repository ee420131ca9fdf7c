#pragma once
#include <cstdint>
#include <vector>

#include "fitvram/model.hpp"

/// Hand-made models: layers and caches as a test wants them, no file involved.
inline fitvram::ModelInfo uniform_model(std::uint32_t n_layer, std::uint32_t n_head_kv,
                                        std::uint32_t head_dim,
                                        std::uint32_t n_ctx_train = 131072) {
  using namespace fitvram;
  ModelInfo model;
  model.name = "uniform";
  model.architecture = "llama";
  model.known_architecture = true;
  model.n_layer = n_layer;
  model.n_ctx_train = n_ctx_train;
  model.hparams.architecture = "llama";
  model.hparams.n_layer = n_layer;
  model.hparams.n_ctx_train = n_ctx_train;
  model.hparams.n_head = n_head_kv;
  model.hparams.n_head_kv = n_head_kv;
  model.hparams.head_dim_k = head_dim;
  model.hparams.head_dim_v = head_dim;
  model.hparams.n_embd = n_head_kv * head_dim;
  model.hparams.n_ff = 2 * n_head_kv * head_dim;
  model.hparams.n_vocab = 1000;
  const CacheSlot slot{CacheRole::kv, Growth::full, 0, {n_head_kv, head_dim, head_dim}};
  model.layers.assign(n_layer, Layer{LayerKind::attention, {slot}});
  return model;
}

/// Every `period`-th layer full, the others with a window, as Gemma 3 does it.
inline fitvram::ModelInfo windowed_model(std::uint32_t n_layer, std::uint32_t n_head_kv,
                                         std::uint32_t head_dim, std::uint32_t window,
                                         std::uint32_t period) {
  using namespace fitvram;
  ModelInfo model = uniform_model(n_layer, n_head_kv, head_dim);
  model.architecture = model.hparams.architecture = "gemma3";
  model.hparams.n_swa = window;
  for (std::uint32_t i = 0; i < n_layer; ++i) {
    const bool sliding = period == 0 || i % period != period - 1;
    model.hparams.swa_layers.push_back(sliding);
    if (!sliding) continue;
    model.layers[i].kind = LayerKind::sliding;
    model.layers[i].caches[0].growth = Growth::sliding;
    model.layers[i].caches[0].span = window;
  }
  return model;
}

inline fitvram::ModelInfo gemma_3_27b() { return windowed_model(62, 16, 128, 1024, 6); }

inline const fitvram::TensorType* cache_type(const char* name) {
  return fitvram::find_tensor_type(name);
}
