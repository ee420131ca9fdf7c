#include "llama/graph/recurrent.hpp"

#include <algorithm>

namespace fitvram {

NodeId convolution_input(GraphBuilder& b, NodeId fresh, std::uint64_t kernel, std::uint64_t n) {
  const BatchShape t(b);
  const std::uint64_t held = kernel - 1;
  const NodeId cache = b.state_cache(CacheRole::conv_state);
  if (cache == no_node || kernel == 0) throw Unbuilt{};
  const NodeId before = b.reshape(b.state(cache, held * n), {held, n, t.seqs, 1});
  const NodeId in =
      b.other({held + t.each, n, t.seqs, 1}, {before, b.strided(fresh, {t.each, n, t.seqs, 1})});
  for (std::uint64_t i = 0; i < std::min(t.each, b.state_slots()); ++i)
    b.keep_state(cache, b.g.part(in, {held, n, t.seqs, 1}, f32_elem.block_bytes * (held + t.each)),
                 held * n);
  return in;
}

NodeId convolve(GraphBuilder& b, NodeId in, const char* kernel, std::uint64_t n) {
  const BatchShape t(b);
  const NodeId y = b.other({n, t.each, t.seqs, 1}, {in, b.weight(kernel)});
  b.g[y].host_only = !cuda_convolves(n);
  return y;
}

void keep_states_of(GraphBuilder& b, NodeId net, NodeId cache, std::uint64_t dim,
                    std::uint64_t n_head) {
  const BatchShape t(b);
  const std::uint64_t slots = b.state_slots(), width = dim * dim * n_head;
  const std::uint64_t written = slots == 1 ? 1 : std::min(t.each, slots);
  const NodeId states = slots == 1 ? b.strided(net, {dim, dim, n_head, t.seqs})
                                   : b.strided(net, {width, t.seqs, written, 1});
  b.keep_state(cache, states, width, written);
}

// src/models/mamba-base.cpp, v0.5.0.
NodeId mix_mamba2(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t inner = hp.ssm_inner_size.value_or(0), state = hp.ssm_state_size.value_or(0);
  const std::uint64_t n_head = hp.ssm_time_step_rank.value_or(0);
  const std::uint64_t n_group = hp.ssm_group_count.value_or(0);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node || n_head == 0 || n_group == 0) throw Unbuilt{};
  const std::uint64_t dim = inner / n_head, channels = inner + 2 * n_group * state;
  const NodeId all = b.mat("ssm_in.weight", x);
  const NodeId parts = b.reshape(all, {b.ne(all)[0], t.each, t.seqs, 1});
  const std::uint64_t row = f32_elem.block_bytes * b.ne(all)[0];
  const NodeId z = b.g.part(parts, {dim, n_head, t.each, t.seqs}, row);
  const NodeId fresh = b.g.part(parts, {channels, t.each, t.seqs, 1}, row);
  NodeId dt = b.g.part(parts, {n_head, t.each, t.seqs, 1}, row);
  const NodeId in = convolution_input(b, fresh, hp.ssm_conv_kernel.value_or(1), channels);
  NodeId mixed = convolve(b, in, "ssm_conv1d.weight", channels);
  if (const NodeId bias = b.weight("ssm_conv1d.bias"); bias != no_node) mixed = b.add(mixed, bias);
  mixed = b.unary(mixed);
  const std::uint64_t wide = f32_elem.block_bytes * channels;
  const NodeId heads = b.g.part(mixed, {dim, n_head, t.each, t.seqs}, wide);
  const NodeId in_b = b.g.part(mixed, {state, n_group, t.each, t.seqs}, wide);
  const NodeId in_c = b.g.part(mixed, {state, n_group, t.each, t.seqs}, wide);
  dt = b.add(b.cont(dt), b.weight("ssm_dt.bias"));
  const std::uint64_t slots = std::min(t.each, b.state_slots());
  const std::uint64_t result = inner * t.each * t.seqs + state * inner * t.seqs * b.state_slots();
  const bool taken = cuda_scans(hp, 1, n_head);
  const NodeId scan = b.state(cache, state * inner, [&](NodeId states, NodeId ids) {
    const NodeId ssm = b.reshape(states, {state, dim, n_head, b.ne(cache)[1]});
    const NodeId s =
        b.other({result, 1, 1, 1}, {ssm, heads, dt, b.weight("ssm_a"), in_b, in_c, ids});
    b.g[s].host_only = !taken;
    return s;
  });
  b.keep_state(cache, b.strided(scan, {state * inner, t.seqs, slots, 1}), state * inner, slots);
  NodeId y = b.strided(scan, {dim, n_head, t.each, t.seqs});
  y = b.in_place(y, {y, b.mul(heads, b.weight("ssm_d"))});
  y = b.other(b.ne(y), {b.cont(z), y});
  if (b.has("ssm_norm.weight")) {
    y = b.reshape(y, {inner / n_group, n_group, t.each, t.seqs});
    y = b.norm(y, "ssm_norm");
  }
  return b.mat("ssm_out.weight", b.reshape(y, {inner, b.n_tokens, 1, 1}));
}

}  // namespace fitvram
