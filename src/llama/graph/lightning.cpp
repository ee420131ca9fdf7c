#include "llama/graph/families.hpp"

namespace fitvram {

namespace {

/// Decays of linear attention within a batch.
struct Decays {
  NodeId slopes, q, k, diagonal;
};

NodeId mix_lightning(GraphBuilder& b, NodeId x, const Decays& decays) {
  const std::uint64_t n_head = b.hp.n_head.at(b.layer), t = b.n_tokens, seqs = b.n_seqs;
  const std::uint64_t each = t / seqs;
  const NodeId states = b.state_cache(CacheRole::recurrent_state);
  if (states == no_node || n_head == 0) throw Unbuilt{};
  const NodeId slope = b.scale(decays.slopes);
  const NodeId all = b.unary(b.mat("attn_qkv.weight", b.reshape(x, {b.n_embd, each, 1, seqs})));
  const std::uint64_t d = b.ne(all)[0] / (3 * n_head);
  const NodeId by_head = b.reshape(all, {3 * d, n_head, each, seqs});
  const auto part = [&] { return b.strided(by_head, {d, n_head, each, seqs}); };
  const NodeId q = part(), k = part(), v = part();
  const auto turned = [&](NodeId y) { return b.strided(y, {d, each, n_head, seqs}); };
  const NodeId old = b.reshape(b.state(states, d * d * n_head), {d, d, n_head, seqs});
  const NodeId q_decay = b.unary(b.scale(decays.q)), k_decay = b.unary(b.scale(decays.k));
  const NodeId diagonal = b.unary(b.scale(decays.diagonal));
  const NodeId outer = b.mat(old, turned(b.mul(q, q_decay)));
  const NodeId qk = b.mul(b.mat(turned(k), turned(q)), diagonal);
  const NodeId v_turned = b.cont(b.strided(v, {each, d, n_head, seqs}));
  NodeId y = b.add(outer, b.mat(v_turned, qk));
  b.g.expand(y);
  const NodeId block = b.reshape(b.unary(b.scale(slope)), {1, 1, n_head, 1});
  const NodeId kept = b.mul(old, block);
  const NodeId k_turned = b.cont(b.strided(b.mul(k, k_decay), {each, d, n_head, seqs}));
  b.keep_state(states, b.add(kept, b.mat(k_turned, v_turned)), d * d * n_head);
  y = b.cont(b.strided(y, {d, n_head, each, seqs}));
  y = b.norm(b.reshape(y, {d * n_head, each, 1, seqs}), "attn_norm_2");
  const NodeId gate = b.unary(b.mat("attn_gate.weight", b.reshape(x, {b.n_embd, each, 1, seqs})));
  y = b.mat("attn_output.weight", b.in_place(gate, {gate, y}));
  return b.reshape(y, {b.ne(y)[0], t, 1, 1});
}

}  // namespace

// src/models/minimax-01.cpp, v0.5.0.
void build_minimax01(GraphBuilder& b, const Family& f) {
  const std::uint64_t n_head = b.hp.n_head.max(), seqs = b.n_seqs, each = b.n_tokens / seqs;
  NodeId x = b.embed(false);
  b.full = b.attention_input(false);
  b.positions();
  const Shape of_tokens{1, n_head, each, seqs};
  const Decays decays{b.g.input({n_head, 1, 1, 1}, f32_elem), b.g.input(of_tokens, f32_elem),
                      b.g.input(of_tokens, f32_elem),
                      b.g.input({each, each, n_head, seqs}, f32_elem)};
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const NodeId normed = b.norm(x, "attn_norm");
    NodeId residual = normed;
    NodeId cur = b.model.layers[il].kind == LayerKind::recurrent ? mix_lightning(b, normed, decays)
                                                                 : mix_attention(b, f, normed);
    if (b.last) cur = b.pick(cur), residual = b.pick(residual);
    const NodeId in = b.norm(b.add(cur, b.scale(residual)), "ffn_norm");
    cur = ffn_block(b, f, in);
    x = b.add(cur, b.scale(in));
  }
  b.head(x, f.caps);
}

}  // namespace fitvram
