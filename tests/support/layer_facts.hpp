#pragma once
// Facts of models, and the layers and caches that they come to.
#include <string>
#include <utility>
#include <vector>

#include "base/malformed.hpp"
#include "model/layers.hpp"

namespace fitvram::test {

using List = std::vector<std::uint32_t>;

inline Hparams facts(std::string arch, std::uint32_t n_layer, std::uint32_t n_embd,
                     std::uint32_t n_head, std::uint32_t n_head_kv) {
  Hparams hp;
  hp.architecture = std::move(arch);
  hp.n_layer = n_layer;
  hp.n_embd = n_embd;
  hp.n_head = n_head;
  hp.n_head_kv = n_head_kv;
  hp.n_ctx_train = 131072;
  return hp;
}

inline ModelInfo with_layers(Hparams hp, ModelFormat format = ModelFormat::gguf) {
  ModelInfo model;
  model.format = format;
  model.hparams = std::move(hp);
  lower_layers(model);
  return model;
}

// "key ...: message" of what `lower` throws, or "" when nothing is wrong.
template <typename Lower>
std::string complaint_of(Lower lower) {
  try {
    lower();
  } catch (const Malformed& e) {
    return e.where + ": " + e.what();
  }
  return "";
}

inline std::size_t count(const ModelInfo& model, LayerKind kind) {
  std::size_t n = 0;
  for (const auto& layer : model.layers) n += layer.kind == kind;
  return n;
}

inline std::size_t count(const ModelInfo& model, const CacheSlot& slot) {
  std::size_t n = 0;
  for (const auto& layer : model.layers)
    for (const auto& own : layer.caches) n += own == slot;
  return n;
}

inline std::size_t slots(const ModelInfo& model) {
  std::size_t n = 0;
  for (const auto& layer : model.layers) n += layer.caches.size();
  return n;
}

inline bool has_note(const ModelInfo& model, std::string_view code) {
  for (const auto& note : model.notes)
    if (note.code == code) return true;
  return false;
}

inline CacheSlot kv(std::uint32_t heads, std::uint32_t k, std::uint32_t v) {
  return {CacheRole::kv, Growth::full, 0, {heads, k, v}};
}
inline CacheSlot window(std::uint32_t span, std::uint32_t heads, std::uint32_t k, std::uint32_t v) {
  return {CacheRole::kv, Growth::sliding, span, {heads, k, v}};
}
inline CacheSlot latent(std::uint32_t width) {
  return {CacheRole::latent, Growth::full, 0, {1, width, 0}};
}
inline CacheSlot indexer(std::uint32_t width) {
  return {CacheRole::indexer, Growth::full, 0, {1, width, 0}};
}
inline CacheSlot conv(std::uint32_t n) {
  return {CacheRole::conv_state, Growth::constant, 0, {1, n, 0}};
}
inline CacheSlot state(std::uint32_t n) {
  return {CacheRole::recurrent_state, Growth::constant, 0, {1, n, 0}};
}

inline std::vector<bool> pattern(std::size_t n, std::size_t period) {
  std::vector<bool> swa(n);
  for (std::size_t i = 0; i < n; ++i) swa[i] = i % period != period - 1;
  return swa;
}

inline List every(std::size_t n, std::size_t period, std::size_t offset, std::uint32_t value) {
  List list(n, 0);
  for (std::size_t i = offset; i < n; i += period) list[i] = value;
  return list;
}

}  // namespace fitvram::test
