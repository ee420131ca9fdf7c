#include "llama/graph/dsa.hpp"

#include <algorithm>

#include "llama/graph/mla.hpp"

namespace fitvram {

namespace {

bool owns_indexer(const GraphBuilder& b) {
  const auto& caches = b.model.layers[b.layer].caches;
  return std::any_of(caches.begin(), caches.end(),
                     [](const CacheSlot& slot) { return slot.role == CacheRole::indexer; });
}

/// The cells that the indexer of a layer finds most relevant for each token.
NodeId most_relevant(GraphBuilder& b, NodeId x, NodeId qr) {
  const Hparams& hp = b.hp;
  const AttentionInput& in = b.indexer;
  const std::uint64_t n_head = hp.indexer_n_head.value_or(0), d = hp.indexer_head_dim.value_or(0);
  const std::uint64_t ns = b.size.n_stream, t = b.n_tokens, each = t / ns;
  const auto turned = [&](NodeId y) { return in.k_rot == no_node ? y : b.mat(in.k_rot, y); };
  NodeId q = b.reshape(b.mat("indexer.attn_q_b.weight", qr), {d, n_head, t, 1});
  q = turned(b.rope(q));
  NodeId k = b.mat("indexer.attn_k.weight", x);
  b.layer_norm = true;
  k = b.norm(k, "indexer.k_norm");
  b.layer_norm = false;
  k = turned(b.rope(b.reshape(k, {d, 1, t, 1})));
  const NodeId cache = b.index_cache(k);
  NodeId weights = b.mat("indexer.proj.weight", x);
  q = b.strided(q, {d, n_head, each, ns});
  weights = b.scale(b.strided(weights, {n_head, each, 1, ns}));
  const NodeId cells = b.g.view(cache, {d, 1, in.n_kv, ns});
  const NodeId score = b.other({in.n_kv, each, 1, ns}, {q, cells, weights, in.mask});
  b.g[score].host_only = !b.indexer_on_device;
  const std::uint64_t n = std::min<std::uint64_t>(in.n_kv, hp.indexer_top_k.value_or(0));
  return b.cont(b.other({n, each, 1, ns}, {score}, i32_elem));
}

}  // namespace

// src/models/deepseek32.cpp, glm-dsa.cpp, dots3note.cpp and hy-v4.cpp, v0.5.0.
NodeId mix_indexed_latent(GraphBuilder& b, const GraphRule& f, NodeId x) {
  const auto& caches = b.model.layers[b.layer].caches;
  if (caches.empty() || caches.front().role != CacheRole::latent) throw Unbuilt{};
  const NodeId qr = b.norm(b.mat("attn_q_a.weight", x), "attn_q_a_norm");
  const bool sparse = !(b.windows && b.is_swa());
  if (owns_indexer(b)) b.relevant = most_relevant(b, x, qr);
  return attend_absorbed(b, b.mat("attn_q_b.weight", qr), x, f.rope != Rope::none,
                         sparse ? b.relevant : no_node);
}

}  // namespace fitvram
