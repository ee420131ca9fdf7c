#include "llama/graph/families.hpp"

namespace fitvram {

// src/models/bert.cpp, which its kin build too, v0.5.0.
void build_bert(GraphBuilder& b, const Family& f) {
  b.layer_norm = true;
  const bool ropes = f.rope != Rope::none && !f.learned_positions;
  NodeId x = b.embed(false);
  const auto types = b.global("token_types.weight");
  if (types != no_node) x = b.add(x, b.strided(types, {b.n_embd, 1, 1, 1}));
  if (f.learned_positions) {
    const NodeId positions = b.rows(b.global("position_embd.weight"), b.positions());
    x = b.in_place(x, {positions, x});
  }
  b.layer = SIZE_MAX;
  x = b.norm(x, "token_embd_norm");
  const AttentionInput input = b.batch_input();
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const std::uint64_t n_head = b.hp.n_head.at(il);
    const std::uint64_t n_kv = b.hp.n_head_kv.present() ? b.hp.n_head_kv.at(il) : n_head;
    if (n_head == 0) throw Unbuilt{};
    Attention a;
    a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = a.d_v = b.n_embd / n_head;
    a.qkv = b.qkv(x, a.d_k, a.d_v, n_head, n_kv);
    const auto normed = [&](NodeId y, const char* name, std::uint64_t n) {
      if (!b.has(std::string(name) + ".weight")) return y;
      y = b.norm(b.reshape(y, {a.d_k * n, b.n_tokens, 1, 1}), name);
      return b.reshape(y, {a.d_k, n, b.n_tokens, 1});
    };
    a.qkv.q = normed(a.qkv.q, "attn_q_norm", n_head);
    a.qkv.k = normed(a.qkv.k, "attn_k_norm", n_kv);
    if (ropes) a.qkv.q = b.rope(a.qkv.q), a.qkv.k = b.rope(a.qkv.k);
    NodeId cur = b.mat_bias("attn_output", b.attend_batch(input, a));
    if (b.last) cur = b.pick(cur), x = b.pick(x);
    cur = b.norm(b.add(cur, x), "attn_output_norm");
    if (b.has("attn_norm_2.weight")) cur = b.norm(b.add(cur, x), "attn_norm_2");
    x = b.norm(b.add(ffn_block(b, f, cur), cur), "layer_output_norm");
  }
  b.result(x);
}

}  // namespace fitvram
