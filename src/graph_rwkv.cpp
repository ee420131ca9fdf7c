#include "graph_families.hpp"

namespace fitvram {

namespace {

NodeId time_mix(GraphBuilder& b, NodeId x, NodeId before, NodeId& first_value) {
  const std::uint64_t n = b.n_embd, t = b.n_tokens, seqs = b.n_seqs, each = t / seqs;
  const std::uint64_t head = b.hp.wkv_head_size.value_or(0);
  if (head == 0 || n < head) throw Unbuilt{};
  const std::uint64_t heads = n / head;
  const bool gated = b.has("time_mix_g1.weight");
  NodeId sx = b.in_place(x, {before, x});
  sx = b.other({n, each, seqs, gated ? 6u : 5u}, {sx});
  const NodeId mixed = b.add(b.mul(sx, b.weight("time_mix_lerp_fused.weight")), x);
  const auto part = [&] { return b.reshape(mixed, {n, t, 1, 1}); };
  const auto low_rank = [&](const char* a, const char* c, NodeId y, bool bent) {
    y = b.mat(a, y);
    return b.mat(c, bent ? b.unary(y) : y);
  };
  NodeId r = b.mat("time_mix_receptance.weight", part());
  NodeId w = low_rank("time_mix_w1.weight", "time_mix_w2.weight", part(), true);
  w = b.add(w, b.weight("time_mix_w0.weight"));
  w = b.unary(b.scale(b.unary(w)));
  NodeId k = b.mat("time_mix_key.weight", part());
  const NodeId xv = part();
  NodeId v = b.mat("time_mix_value.weight", xv);
  if (first_value == no_node) {
    first_value = v;
  } else {
    NodeId share = low_rank("time_mix_v1.weight", "time_mix_v2.weight", xv, false);
    share = b.unary(b.add(share, b.weight("time_mix_v0.weight")));
    v = b.add(v, b.mul(b.in_place(v, {first_value, v}), share));
  }
  NodeId gate = no_node;
  if (gated) gate = low_rank("time_mix_g1.weight", "time_mix_g2.weight", part(), true);
  NodeId a = low_rank("time_mix_a1.weight", "time_mix_a2.weight", part(), false);
  a = b.unary(b.add(a, b.weight("time_mix_a0.weight")));
  const auto by_head = [&](NodeId y) { return b.reshape(y, {head, heads, t, 1}); };
  NodeId kk = by_head(b.mul(k, b.weight("time_mix_k_k.weight")));
  kk = b.other(b.ne(kk), {kk});
  const NodeId ka = b.mul(k, b.weight("time_mix_k_a.weight"));
  k = b.add(k, b.in_place(ka, {b.mul(a, ka), ka}));
  r = by_head(r), w = by_head(w), k = by_head(k), v = by_head(v), a = by_head(a);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node) throw Unbuilt{};
  const NodeId state = b.state(cache, n * head);
  const NodeId out =
      b.other({n, t + head * seqs, 1, 1}, {r, w, k, v, b.unary(kk), b.mul(kk, a), state});
  const NodeId target = b.reshape(cache, {n * head * seqs, 1, 1, 1});
  NodeId y = b.strided(out, {n * t, 1, 1, 1});
  b.g.expand(b.g.write(target, {b.strided(out, {n * head * seqs, 1, 1, 1}), target}));
  if (b.has("time_mix_ln.weight")) {
    y = b.reshape(y, {n / heads, heads, t, 1});
    y = b.reshape(b.other(b.ne(y), {y}), {n, t, 1, 1});
    y = b.add(b.mul(y, b.weight("time_mix_ln.weight")), b.weight("time_mix_ln.bias"));
  } else {
    y = b.reshape(y, {n, t, 1, 1});
  }
  const NodeId rk_weight = b.reshape(b.weight("time_mix_r_k.weight"), {head, heads, 1, 1});
  const NodeId rk = b.other({1, heads, t, 1}, {b.mul(b.mul(k, r), rk_weight)});
  y = b.add(y, b.reshape(b.mul(v, rk), {n, t, 1, 1}));
  if (gated) y = b.mul(y, gate);
  return b.reshape(b.mat("time_mix_output.weight", y), {n, each, seqs, 1});
}

}  // namespace

// src/models/rwkv7-base.cpp and rwkv7.cpp, v0.5.0.
void build_rwkv7(GraphBuilder& b, const Family& f) {
  b.layer_norm = true;
  const std::uint64_t n = b.n_embd, t = b.n_tokens, seqs = b.n_seqs, each = t / seqs;
  NodeId x = b.embed(false);
  b.layer = SIZE_MAX;
  x = b.norm(x, "token_embd_norm");
  NodeId first_value = no_node;
  for (const std::size_t il : b.plan) {
    b.layer = il;
    x = b.reshape(x, {n, each, seqs, 1});
    const NodeId cache = b.state_cache(CacheRole::conv_state);
    if (cache == no_node) throw Unbuilt{};
    const NodeId shift = b.reshape(b.state(cache, 2 * n), {n, 2, seqs, 1});
    const NodeId att_shift = b.strided(shift, {n, 1, seqs, 1});
    const NodeId ffn_shift = b.strided(shift, {n, 1, seqs, 1});
    const auto shifted = [&](NodeId last, NodeId y) {
      return b.other({n, each, seqs, 1}, {last, b.strided(y, {n, each - 1, seqs, 1})});
    };
    const NodeId att = b.norm(x, "attn_norm");
    NodeId cur = time_mix(b, att, shifted(att_shift, att), first_value);
    NodeId in = b.add(cur, x);
    NodeId ffn = b.norm(in, "attn_norm_2");
    NodeId before = shifted(ffn_shift, ffn);
    const Shape one{n, 1, seqs, 1};
    const NodeId next = b.other({n, 2, seqs, 1}, {b.strided(att, one), b.strided(ffn, one)});
    const NodeId target = b.reshape(cache, {2 * n * seqs, 1, 1, 1});
    b.g.expand(b.g.write(target, {b.reshape(next, {2 * n * seqs, 1, 1, 1}), target}));
    const Shape flat{n, t, 1, 1};
    in = b.reshape(in, flat), ffn = b.reshape(ffn, flat), before = b.reshape(before, flat);
    if (il + 1 == b.model.n_layer) in = b.pick(in), ffn = b.pick(ffn), before = b.pick(before);
    const NodeId sx = b.in_place(before, {before, ffn});
    const NodeId mixed = b.add(b.mul(sx, b.weight("channel_mix_lerp_k.weight")), ffn);
    cur = b.unary(b.unary(b.mat("channel_mix_key.weight", mixed)));
    x = b.add(b.mat("channel_mix_value.weight", cur), in);
  }
  b.head(x, f.caps);
}

}  // namespace fitvram
