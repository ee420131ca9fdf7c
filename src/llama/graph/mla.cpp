#include "llama/graph/mla.hpp"

#include <algorithm>

#include "llama/graph/transformer.hpp"

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

}  // namespace

NodeId attend_absorbed(GraphBuilder& b, NodeId q, NodeId x, bool ropes, NodeId top_k) {
  Latent w(b);
  const std::uint64_t nope = b.ne(b.weight("attn_k_b.weight"))[0], d_k = nope + w.rot;
  w.rank = b.ne(b.weight("attn_kv_a_norm.weight"))[0];
  const std::uint64_t q_row = f32_elem.block_bytes * d_k;
  q = b.reshape(q, {d_k, w.n_head, w.t, 1});
  const NodeId compressed = b.mat("attn_kv_a_mqa.weight", x);
  const std::uint64_t kv_row = f32_elem.block_bytes * b.ne(compressed)[0];
  const NodeId kv_part = b.g.part(compressed, {w.rank, w.t, 1, 1}, kv_row);
  NodeId pe_part = b.g.part(compressed, {w.rot, 1, w.t, 1}, kv_row);
  if (b.has("attn_k_norm.weight")) pe_part = b.norm(pe_part, "attn_k_norm");
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
  a.sinks = b.weight("attn_sinks.weight");
  NodeId y = b.attend(b.windows && b.is_swa() ? b.window : b.full, a);
  if (b.has("attn_gate.weight")) y = gated_heads(b, y, x, w.n_head);
  return b.mat_bias("attn_output", y);
}

// src/models/deepseek2.cpp and its kin, v0.5.0.
NodeId mix_latent(GraphBuilder& b, const GraphRule& f, NodeId x) {
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

}  // namespace fitvram
