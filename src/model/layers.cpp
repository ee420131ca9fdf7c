#include <algorithm>
#include <string>

#include "model/layout.hpp"

namespace fitvram {
namespace {

constexpr std::uint32_t csa_ratio = 4;  // DeepSeek-V4's two compressions
constexpr std::uint32_t hca_ratio = 128;

CacheSlot slot(const ModelInfo& model, CacheRole role, Growth growth, std::uint32_t span,
               HeadShape shape) {
  product(model, shape.n_head_kv, shape.dim_k);
  product(model, shape.n_head_kv, shape.dim_v);
  return {role, growth, span, shape};
}

void add_attention(const ModelInfo& model, const Layout& at, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto heads = hp.n_head_kv.at(i);
  const bool window = at.swa[i];
  // Layers whose window the loader ignores keep the head size of full attention.
  const bool swa_dims = window && at.row.window.kind != WindowRule::Kind::none;
  const auto dim_k = (swa_dims ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
  const auto dim_v = (swa_dims ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
  const auto growth = !window                 ? Growth::full
                      : at.row.window.chunked ? Growth::chunked
                                              : Growth::sliding;
  const auto span = window ? at.n_swa : 0;
  const bool k_only = at.mla || at.row.memory == MemoryClass::dsv4;

  if (heads != 0) {
    const auto role = at.mla ? CacheRole::latent : CacheRole::kv;
    const auto own = slot(model, role, growth, span, {heads, dim_k, k_only ? 0 : dim_v});
    layer.caches.push_back(own);
  }
  if (at.indexer[i] && at.row.memory != MemoryClass::dsv4) {
    // The indexer cache is an ordinary cache with one head, so without MLA it has a V that nothing
    // reads; qwen4exp's alone is made K-only.
    const bool no_v = k_only || at.row.memory == MemoryClass::hybrid_indexer;
    const auto width = swa_dims ? dim_k : *hp.indexer_head_dim;
    layer.caches.push_back(
        slot(model, CacheRole::indexer, Growth::full, 0, {1, width, no_v ? 0 : dim_v}));
  }
}

void add_compressed(const ModelInfo& model, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto ratio = hp.compress_ratios[i];
  if (ratio != csa_ratio && ratio != hca_ratio) return;
  const auto dim = hp.head_dim_k_swa.value_or(0);
  const auto heads = hp.n_head_kv.at(i);
  const auto add = [&](CacheRole role, Growth growth, std::uint32_t span, HeadShape shape) {
    layer.caches.push_back(slot(model, role, growth, span, shape));
  };
  if (heads != 0) add(CacheRole::kv, Growth::strided, ratio, {heads, dim, 0});
  if (ratio == hca_ratio) {
    add(CacheRole::compressor_state, Growth::constant, 0, {hca_ratio, dim, dim});
    return;
  }
  const auto index = *hp.indexer_head_dim;
  add(CacheRole::indexer, Growth::strided, ratio, {1, index, 0});
  for (const auto width : {dim, index}) {
    const auto pair = product(model, 2, width);
    add(CacheRole::compressor_state, Growth::constant, 0, {2 * csa_ratio, pair, pair});
  }
}

struct StateSize {
  std::uint32_t n_r = 0;
  std::uint32_t n_s = 0;
};

StateSize state_size(const ModelInfo& model, const Layout& at) {
  const auto& hp = model.hparams;
  const auto n_head = [&] {
    if (!hp.n_head.present()) missing(model, "attention.head_count");
    return hp.n_head.at(0);
  };
  switch (at.row.state) {
    case StateRule::none:
      return {};
    case StateRule::mamba:
    case StateRule::mamba2: {
      const auto kernel = positive(model, hp.ssm_conv_kernel, "ssm.conv_kernel");
      const auto inner = positive(model, hp.ssm_inner_size, "ssm.inner_size");
      const auto state = positive(model, hp.ssm_state_size, "ssm.state_size");
      std::uint64_t width = inner;
      if (at.row.state == StateRule::mamba2) {
        if (!hp.ssm_group_count) missing(model, "ssm.group_count");
        width = sat_add(width, sat_mul(sat_mul(2, *hp.ssm_group_count), state));
      }
      return {product(model, kernel - 1, width), product(model, state, inner)};
    }
    case StateRule::wkv: {
      const auto head = positive(model, hp.wkv_head_size, "wkv.head_size");
      const auto n_embd = positive(model, hp.n_embd, "embedding_length");
      return {product(model, hp.token_shift_count.value_or(2), n_embd),
              product(model, n_embd, head)};
    }
    case StateRule::shortconv: {
      const auto taps = positive(model, hp.shortconv_l_cache, "shortconv.l_cache");
      return {product(model, positive(model, hp.n_embd, "embedding_length"), taps - 1), 0};
    }
    case StateRule::kda: {
      if (!hp.ssm_conv_kernel) missing(model, "ssm.conv_kernel");
      const auto dim = positive(model, hp.kda_head_dim, "kda.head_dim");
      const auto taps = *hp.ssm_conv_kernel > 0 ? *hp.ssm_conv_kernel - 1 : 3;
      const auto inner = product(model, n_head(), dim);
      return {product(model, sat_mul(3, taps), inner), product(model, dim, inner)};
    }
    case StateRule::linear_attention: {
      const auto dim = hp.la_head_dim.value_or(hp.head_dim_k.value_or(0));
      return {0, product(model, dim, product(model, dim, n_head()))};
    }
  }
  return {};
}

void add_state(const ModelInfo& model, const StateSize& size, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto add = [&](CacheRole role, std::uint32_t n) {
    if (n != 0) layer.caches.push_back(slot(model, role, Growth::constant, 0, {1, n, 0}));
  };
  add(CacheRole::conv_state, size.n_r);
  add(CacheRole::recurrent_state, size.n_s);
  if (std::ranges::find(hp.ple_layers, i) == hp.ple_layers.end()) return;
  const auto kernel = positive(model, hp.ple_conv_kernel, "ple.conv_kernel");
  const auto ngram = positive(model, hp.ple_ngram_size, "ple.ngram_size");
  const auto hyper = positive(model, hp.hyper_connections, "hyper_connection.count");
  const auto n_embd = positive(model, hp.n_embd, "embedding_length");
  add(CacheRole::conv_state, product(model, sat_mul(kernel - 1, ngram), sat_mul(hyper, n_embd)));
}

LayerKind kind_of(const Layout& at, const Layer& layer, std::uint32_t i) {
  if (i >= at.n_trunk) return LayerKind::nextn;
  if (at.row.memory == MemoryClass::none)
    return at.row.shared_kv ? LayerKind::shared_kv : LayerKind::attention;
  if (i >= at.n_kv) return LayerKind::shared_kv;
  if (layer.caches.empty()) return LayerKind::feed_forward;
  const auto& first = layer.caches.front();
  if (at.recurrent[i])
    return first.growth == Growth::constant ? LayerKind::recurrent : LayerKind::hybrid;
  if (first.growth == Growth::chunked) return LayerKind::chunked;
  if (first.growth == Growth::sliding) return LayerKind::sliding;
  return first.role == CacheRole::latent ? LayerKind::latent : LayerKind::attention;
}

void add_notes(ModelInfo& model, const Layout& at) {
  if (at.row.memory != MemoryClass::none) return;
  model.notes.push_back(
      at.row.shared_kv
          ? Note{Severity::info, "shared-cache",
                 "a draft model that reads the cache of its target: it has none of its own"}
          : Note{Severity::info, "no-cache",
                 model.architecture + " models have no cache: they see the whole text at once"});
}

}  // namespace

void lower_layers(ModelInfo& model) {
  const auto at = layout_of(model);
  const auto& hp = model.hparams;
  const bool stateful = std::ranges::find(at.recurrent, true) != at.recurrent.end();
  const auto state = stateful ? state_size(model, at) : StateSize{};
  const std::uint32_t n_run = at.row.repeats == Repeats::all ? hp.num_loops.value_or(1) : 1;
  model.n_layer = at.n_trunk * n_run;
  model.n_ctx_train = hp.n_ctx_train.value_or(0);
  model.layers.assign(at.n_all, {});
  for (std::uint32_t i = 0; i < at.n_all; ++i) {
    auto& layer = model.layers[i];
    if (has_attention(at, hp, i)) add_attention(model, at, i, layer);
    if (at.row.memory == MemoryClass::dsv4) add_compressed(model, i, layer);
    if (at.recurrent[i]) add_state(model, state, i, layer);
    layer.kind = kind_of(at, layer, i);
  }
  model.layers.reserve(std::size_t{n_run} * at.n_all);
  for (std::size_t i = at.n_all; i < std::size_t{n_run} * at.n_all; ++i)
    model.layers.push_back(model.layers[i - at.n_all]);
  if (at.row.router_layer && at.n_trunk > 0)
    model.layers[at.n_trunk - 1].caches.push_back(
        slot(model, CacheRole::kv, Growth::full, 0, {1, *hp.head_dim_k, *hp.head_dim_v}));
  add_notes(model, at);
}

}  // namespace fitvram
