#include "llama/graph/rwkv.hpp"

namespace fitvram {

namespace {

// src/models/rwkv6-base.cpp, v0.5.0.
NodeId time_mix(GraphBuilder& b, NodeId x, NodeId before) {
  const std::uint64_t n = b.n_embd, t = b.n_tokens, seqs = b.n_seqs;
  const std::uint64_t head = b.hp.wkv_head_size.value_or(0);
  if (head == 0 || n < head) throw Unbuilt{};
  const std::uint64_t heads = n / head;
  const bool linear = !b.has("time_mix_first.weight");
  NodeId sx = b.reshape(b.in_place(before, {before, x}), {n, t, 1, 1});
  x = b.reshape(x, {n, t, 1, 1});
  NodeId mixed = b.add(b.mul(sx, b.weight("time_mix_lerp_x.weight")), x);
  mixed = b.unary(b.mat("time_mix_w1.weight", mixed));
  const std::uint64_t rank = b.ne(mixed)[0] / 5;
  mixed = b.reshape(mixed, {rank, 1, 5, t});
  mixed = b.cont(b.strided(mixed, {rank, 1, t, 5}));
  mixed = b.mat(b.reshape(b.weight("time_mix_w2.weight"), {rank, n, 1, 5}), mixed);
  NodeId xw, xk, xv, xr, xg;
  const auto part = [&] { return b.strided(mixed, {n, t, 1, 1}); };
  if (b.has("time_mix_lerp_fused.weight")) {
    sx = b.reshape(sx, {n, 1, t, 1});
    x = b.reshape(x, {n, 1, t, 1});
    mixed = b.add(b.mul(b.add(mixed, b.weight("time_mix_lerp_fused.weight")), sx), x);
    xw = part(), xk = part(), xv = part(), xr = part(), xg = part();
  } else {
    const auto moved = [&](const char* name) {
      return b.add(b.mul(b.add(part(), b.weight(name)), sx), x);
    };
    xw = moved("time_mix_lerp_w.weight"), xk = moved("time_mix_lerp_k.weight");
    xv = moved("time_mix_lerp_v.weight"), xr = moved("time_mix_lerp_r.weight");
    xg = moved("time_mix_lerp_g.weight");
  }
  NodeId r = b.mat_bias("time_mix_receptance", xr);
  NodeId k = b.mat_bias("time_mix_key", xk), v = b.mat_bias("time_mix_value", xv);
  const NodeId gate = b.unary(b.mat("time_mix_gate.weight", xg));
  const std::uint64_t n_kv = b.ne(k)[0] / head;
  if (n_kv != 0 && n_kv != heads) {
    const auto repeated = [&](NodeId y) {
      return b.other({head, heads / n_kv, n_kv, t}, {b.reshape(y, {head, 1, n_kv, t})});
    };
    k = repeated(k), v = repeated(v);
  }
  const auto by_head = [&](NodeId y) { return b.reshape(y, {head, heads, t, 1}); };
  k = by_head(k), v = by_head(v), r = by_head(r);
  NodeId w = b.unary(b.mat("time_mix_decay_w1.weight", xw));
  w = b.add(b.mat("time_mix_decay_w2.weight", w), b.weight("time_mix_decay.weight"));
  w = by_head(b.unary(b.unary(b.unary(w))));
  if (linear) k = b.in_place(k, {k, b.mul(k, w)});
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node) throw Unbuilt{};
  const NodeId state = b.state(cache, n * head);
  const Shape shape{n, t + head * seqs, 1, 1};
  const NodeId out = linear
                         ? b.other(shape, {k, v, r, w, state})
                         : b.other(shape, {k, v, r, b.weight("time_mix_first.weight"), w, state});
  NodeId y = b.strided(out, {n * t, 1, 1, 1});
  const NodeId target = b.reshape(cache, {n * head * seqs, 1, 1, 1});
  b.g.expand(b.g.write(target, {b.strided(out, {n * head * seqs, 1, 1, 1}), target}));
  if (linear) {
    y = b.reshape(y, {n, t, 1, 1});
  } else {
    y = b.reshape(y, {head, heads, t, 1});
    y = b.reshape(b.other(b.ne(y), {y}), {n, t, 1, 1});
    y = b.add(b.mul(y, b.weight("time_mix_ln.weight")), b.weight("time_mix_ln.bias"));
  }
  y = b.mat("time_mix_output.weight", b.mul(y, gate));
  return b.reshape(y, {n, t / seqs, seqs, 1});
}

NodeId channel_mix(GraphBuilder& b, NodeId x, NodeId before) {
  const NodeId sx = b.in_place(before, {before, x});
  const NodeId xk = b.add(b.mul(sx, b.weight("channel_mix_lerp_k.weight")), x);
  const NodeId xr = b.add(b.mul(sx, b.weight("channel_mix_lerp_r.weight")), x);
  const NodeId r = b.unary(b.mat("channel_mix_receptance.weight", xr));
  const NodeId k = b.unary(b.unary(b.mat("channel_mix_key.weight", xk)));
  return b.mul(r, b.mat("channel_mix_value.weight", k));
}

}  // namespace

// src/models/rwkv6.cpp and rwkv6qwen2.cpp, v0.5.0.
void build_rwkv6(GraphBuilder& b, const Family& f) {
  build_rwkv(
      b, f, [&](NodeId x, NodeId before) { return time_mix(b, x, before); },
      [&](NodeId x, NodeId before) { return channel_mix(b, x, before); });
}

}  // namespace fitvram
