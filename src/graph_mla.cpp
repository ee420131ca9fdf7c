#include <algorithm>

#include "graph_families.hpp"

namespace fitvram {

namespace {

/// Width of what a layer's latent attention works with.
struct Latent {
  explicit Latent(const GraphBuilder& b)
      : n_head(b.hp.n_head.at(b.layer)),
        t(b.n_tokens),
        rot(b.hp.n_rot.value_or(0)),
        rank(b.hp.kv_lora_rank.value_or(0)) {}
  std::uint64_t n_head, t, rot, rank;
};

/// Attention with the up-projections of keys and values absorbed into query and output.
NodeId attend_absorbed(GraphBuilder& b, NodeId q, NodeId x, bool ropes, NodeId top_k) {
  const Latent w(b);
  const std::uint64_t d_k = b.hp.head_dim_k_mla.value_or(0), nope = d_k - w.rot;
  const std::uint64_t q_row = f32_elem.block_bytes * d_k;
  q = b.reshape(q, {d_k, w.n_head, w.t, 1});
  const NodeId compressed = b.mat("attn_kv_a_mqa.weight", x);
  const std::uint64_t kv_row = f32_elem.block_bytes * b.ne(compressed)[0];
  const NodeId kv_part = b.g.part(compressed, {w.rank, w.t, 1, 1}, kv_row);
  const NodeId pe_part = b.g.part(compressed, {w.rot, 1, w.t, 1}, kv_row);
  const auto turned = [&](NodeId y) { return ropes ? b.rope(y) : y; };

  const NodeId q_nope =
      b.strided(b.g.part(q, {nope, w.n_head, w.t, 1}, q_row), {nope, w.t, w.n_head, 1});
  const NodeId q_absorbed = b.mat("attn_k_b.weight", q_nope);
  const NodeId q_pe = turned(b.g.part(q, {w.rot, w.n_head, w.t, 1}, q_row));
  const NodeId q_all = b.other({w.rank + w.rot, w.n_head, w.t, 1},
                               {b.strided(q_absorbed, {w.rank, w.n_head, w.t, 1}), q_pe});
  const NodeId k_pe = turned(pe_part);
  const NodeId v = b.reshape(b.norm(kv_part, "attn_kv_a_norm"), {w.rank, 1, w.t, 1});
  const NodeId k = b.other({w.rank + w.rot, 1, w.t, 1}, {v, k_pe});
  Attention a;
  a.qkv = {q_all, k, v};
  a.n_head = w.n_head, a.cache_layer = b.layer, a.top_k = top_k;
  a.n_head_kv = 1, a.d_k = w.rank + w.rot, a.d_v = w.rank, a.latent = true;
  a.v_mla = b.weight("attn_v_b.weight");
  return b.mat_bias("attn_output", b.attend(b.windows && b.is_swa() ? b.window : b.full, a));
}

/// The cells that the indexer of a layer finds most relevant for each token.
NodeId most_relevant(GraphBuilder& b, NodeId x, NodeId qr) {
  const Hparams& hp = b.hp;
  const AttentionInput& in = b.indexer;
  const std::uint64_t n_head = hp.indexer_n_head.value_or(0), d = hp.indexer_head_dim.value_or(0);
  const std::uint64_t ns = b.size.n_stream, t = b.n_tokens, each = t / ns;
  NodeId q = b.reshape(b.mat("indexer.attn_q_b.weight", qr), {d, n_head, t, 1});
  q = b.mat(in.k_rot, b.rope(q));
  NodeId k = b.mat("indexer.attn_k.weight", x);
  b.layer_norm = true;
  k = b.norm(k, "indexer.k_norm");
  b.layer_norm = false;
  k = b.mat(in.k_rot, b.rope(b.reshape(k, {d, 1, t, 1})));
  const NodeId cache = b.index_cache(k);
  NodeId weights = b.mat("indexer.proj.weight", x);
  q = b.strided(q, {d, n_head, each, ns});
  weights = b.scale(b.strided(weights, {n_head, each, 1, ns}));
  const NodeId cells = b.g.view(cache, {d, 1, in.n_kv, ns});
  NodeId score;
  if (b.g[in.mask].elem == f16_elem) {
    score = b.other({in.n_kv, each, 1, ns}, {q, cells, weights, in.mask});
  } else {
    const NodeId kq =
        b.g.op(Op::mul_mat, {in.n_kv, each, n_head, ns}, f32_elem,
               {b.strided(cells, {d, in.n_kv, 1, ns}), b.strided(q, {d, each, n_head, ns})});
    score = b.unary(b.cont(b.strided(kq, {n_head, each, in.n_kv, ns})));
    score = b.other({1, each, in.n_kv, ns}, {b.mul(score, weights)});
    score = b.cont(b.strided(score, {in.n_kv, each, 1, ns}));
    score = b.add(score, in.mask);
  }
  const std::uint64_t n = std::min<std::uint64_t>(in.n_kv, hp.indexer_top_k.value_or(0));
  return b.cont(b.other({n, each, 1, ns}, {score}, i32_elem));
}

}  // namespace

// src/models/deepseek2.cpp and its kin, v0.5.0.
NodeId mix_latent(GraphBuilder& b, const Family& f, NodeId x) {
  const Latent w(b);
  const auto& caches = b.model.layers[b.layer].caches;
  if (caches.empty()) throw Unbuilt{};
  const HeadShape shape = caches.front().shape;
  const bool absorbed = caches.front().role == CacheRole::latent;
  const std::uint64_t d_k = absorbed ? b.hp.head_dim_k_mla.value_or(0) : shape.dim_k;
  const bool ropes = f.rope != Rope::none;
  NodeId q;
  if (b.has("attn_q_a.weight")) {
    q = b.norm(b.mat("attn_q_a.weight", x), "attn_q_a_norm");
    q = b.mat("attn_q_b.weight", q);
  } else {
    q = b.mat("attn_q.weight", x);
  }
  q = b.reshape(q, {d_k, w.n_head, w.t, 1});
  if (absorbed) return attend_absorbed(b, q, x, ropes, no_node);

  const std::uint64_t d_v = shape.dim_v, nope = d_k - w.rot;
  if (ropes) q = b.rope(q);
  const NodeId compressed = b.mat("attn_kv_a_mqa.weight", x);
  const std::uint64_t kv_row = f32_elem.block_bytes * b.ne(compressed)[0];
  const NodeId kv_part = b.g.part(compressed, {w.rank, w.t, 1, 1}, kv_row);
  NodeId k_pe = b.g.part(compressed, {w.rot, 1, w.t, 1}, kv_row);
  if (ropes) k_pe = b.rope(k_pe);
  const NodeId kv = b.mat("attn_kv_b.weight", b.norm(kv_part, "attn_kv_a_norm"));
  const std::uint64_t row = f32_elem.block_bytes * b.ne(kv)[0];
  const NodeId k_nope = b.g.part(kv, {nope, w.n_head, w.t, 1}, row);
  const NodeId v = b.cont(b.g.part(kv, {d_v, w.n_head, w.t, 1}, row));
  const NodeId k =
      b.other({d_k, w.n_head, w.t, 1}, {k_nope, b.other({w.rot, w.n_head, w.t, 1}, {k_pe})});
  Attention a;
  a.qkv = {q, k, v}, a.n_head = a.n_head_kv = w.n_head, a.d_k = d_k, a.d_v = d_v;
  a.cache_layer = b.layer;
  return b.mat_bias("attn_output", b.attend(b.full, a));
}

// src/models/deepseek32.cpp, v0.5.0.
NodeId mix_indexed_latent(GraphBuilder& b, const Family& f, NodeId x) {
  const auto& caches = b.model.layers[b.layer].caches;
  if (caches.empty() || caches.front().role != CacheRole::latent) throw Unbuilt{};
  const NodeId qr = b.norm(b.mat("attn_q_a.weight", x), "attn_q_a_norm");
  const NodeId top_k = most_relevant(b, x, qr);
  return attend_absorbed(b, b.mat("attn_q_b.weight", qr), x, f.rope != Rope::none, top_k);
}

}  // namespace fitvram
