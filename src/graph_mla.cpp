#include "graph_families.hpp"

namespace fitvram {

// src/models/deepseek2.cpp and its kin, v0.5.0.
NodeId mix_latent(GraphBuilder& b, const Family& f, NodeId x) {
  const std::size_t il = b.layer;
  const Hparams& hp = b.hp;
  const auto& caches = b.model.layers[il].caches;
  if (caches.empty()) throw Unbuilt{};
  const HeadShape shape = caches.front().shape;
  const bool absorbed = caches.front().role == CacheRole::latent;
  const std::uint64_t n_head = hp.n_head.at(il), t = b.n_tokens;
  const std::uint64_t rot = hp.n_rot.value_or(0), rank = hp.kv_lora_rank.value_or(0);
  const std::uint64_t d_k = absorbed ? hp.head_dim_k_mla.value_or(0) : shape.dim_k;
  const std::uint64_t nope = d_k - rot;

  NodeId q;
  if (b.has("attn_q_a.weight")) {
    q = b.norm(b.mat("attn_q_a.weight", x), "attn_q_a_norm");
    q = b.mat("attn_q_b.weight", q);
  } else {
    q = b.mat("attn_q.weight", x);
  }
  q = b.reshape(q, {d_k, n_head, t, 1});
  const std::uint64_t q_row = f32_elem.block_bytes * d_k * n_head;
  const NodeId compressed = b.mat("attn_kv_a_mqa.weight", x);
  const std::uint64_t kv_row = f32_elem.block_bytes * b.ne(compressed)[0];
  const NodeId kv_part = b.g.part(compressed, {rank, t, 1, 1}, kv_row);
  const NodeId pe_part = b.g.part(compressed, {rot, 1, t, 1}, kv_row);
  const bool ropes = f.rope != Rope::none;
  const auto turned = [&](NodeId y) { return ropes ? b.rope(y) : y; };

  Attention a;
  a.n_head = n_head, a.cache_layer = il;
  if (!absorbed) {
    const std::uint64_t d_v = shape.dim_v;
    q = turned(q);
    const NodeId k_pe = turned(pe_part);
    const NodeId kv = b.mat("attn_kv_b.weight", b.norm(kv_part, "attn_kv_a_norm"));
    const std::uint64_t row = f32_elem.block_bytes * b.ne(kv)[0];
    const NodeId k_nope = b.g.part(kv, {nope, n_head, t, 1}, row);
    const NodeId v = b.cont(b.g.part(kv, {d_v, n_head, t, 1}, row));
    const NodeId k = b.other({d_k, n_head, t, 1}, {k_nope, b.other({rot, n_head, t, 1}, {k_pe})});
    a.qkv = {q, k, v}, a.n_head_kv = n_head, a.d_k = d_k, a.d_v = d_v;
    return b.mat_bias("attn_output", b.attend(b.full, a));
  }
  const NodeId q_nope = b.strided(b.g.part(q, {nope, n_head, t, 1}, q_row), {nope, t, n_head, 1});
  const NodeId q_absorbed = b.mat("attn_k_b.weight", q_nope);
  const NodeId q_pe = turned(b.g.part(q, {rot, n_head, t, 1}, q_row));
  q = b.other({rank + rot, n_head, t, 1}, {b.strided(q_absorbed, {rank, n_head, t, 1}), q_pe});
  const NodeId k_pe = turned(pe_part);
  const NodeId v = b.reshape(b.norm(kv_part, "attn_kv_a_norm"), {rank, 1, t, 1});
  const NodeId k = b.other({rank + rot, 1, t, 1}, {v, k_pe});
  a.qkv = {q, k, v};
  a.n_head_kv = 1, a.d_k = rank + rot, a.d_v = rank, a.latent = true;
  a.v_mla = b.weight("attn_v_b.weight");
  return b.mat_bias("attn_output", b.attend(b.windows && b.is_swa() ? b.window : b.full, a));
}

}  // namespace fitvram
