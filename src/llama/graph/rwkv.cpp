#include "llama/graph/rwkv.hpp"

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

NodeId channel_mix(GraphBuilder& b, NodeId x, NodeId before) {
  const NodeId sx = b.in_place(before, {before, x});
  const NodeId mixed = b.add(b.mul(sx, b.weight("channel_mix_lerp_k.weight")), x);
  const NodeId y = b.unary(b.unary(b.mat("channel_mix_key.weight", mixed)));
  return b.mat("channel_mix_value.weight", y);
}

}  // namespace

// src/models/rwkv7-base.cpp, rwkv7.cpp and arwkv7.cpp, v0.5.0.
void build_rwkv7(GraphBuilder& b, const Family& f) {
  NodeId first_value = no_node;
  const auto mix = [&](NodeId x, NodeId before) { return time_mix(b, x, before, first_value); };
  build_rwkv(b, f, mix, [&](NodeId x, NodeId before) { return channel_mix(b, x, before); });
}

}  // namespace fitvram
