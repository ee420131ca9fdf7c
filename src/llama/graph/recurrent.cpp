#include <algorithm>

#include "llama/graph/families.hpp"

namespace fitvram {

namespace {

/// Sizes of a batch as recurrent blocks see it.
struct Batch {
  explicit Batch(const GraphBuilder& b) : seqs(b.n_seqs), each(b.n_tokens / b.n_seqs) {}
  std::uint64_t seqs, each;
};

/// Puts the last inputs before new ones, stores the last of these, and gives the whole row.
NodeId convolution_input(GraphBuilder& b, NodeId fresh, std::uint64_t kernel, std::uint64_t n) {
  const Batch t(b);
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
  const Batch t(b);
  const NodeId y = b.other({n, t.each, t.seqs, 1}, {in, b.weight(kernel)});
  b.g[y].host_only = !cuda_convolves(n);
  return y;
}

/// Stores the states that a delta net leaves behind its results.
void keep_states_of(GraphBuilder& b, NodeId net, NodeId cache, std::uint64_t dim,
                    std::uint64_t n_head) {
  const Batch t(b);
  const std::uint64_t slots = b.state_slots(), width = dim * dim * n_head;
  const std::uint64_t written = slots == 1 ? 1 : std::min(t.each, slots);
  const NodeId states = slots == 1 ? b.strided(net, {dim, dim, n_head, t.seqs})
                                   : b.strided(net, {width, t.seqs, written, 1});
  b.keep_state(cache, states, width, written);
}

}  // namespace

// src/models/mamba-base.cpp, v0.5.0.
NodeId mix_mamba1(GraphBuilder& b, NodeId x) {
  const Batch t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t inner = hp.ssm_inner_size.value_or(0), state = hp.ssm_state_size.value_or(0);
  const std::uint64_t rank = hp.ssm_time_step_rank.value_or(0);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node) throw Unbuilt{};
  NodeId xz = b.mat("ssm_in.weight", b.reshape(x, {b.ne(x)[0], t.each, t.seqs, 1}));
  const std::uint64_t both = f32_elem.block_bytes * b.ne(xz)[0];
  const NodeId half = b.g.part(xz, {inner, t.each, t.seqs, 1}, both);
  const NodeId in = convolution_input(b, half, hp.ssm_conv_kernel.value_or(1), inner);
  NodeId y = convolve(b, in, "ssm_conv1d.weight", inner);
  y = b.unary(b.add(y, b.weight("ssm_conv1d.bias")));
  const NodeId parts = b.mat("ssm_x.weight", y);
  const std::uint64_t row = f32_elem.block_bytes * b.ne(parts)[0];
  NodeId dt = b.g.part(parts, {rank, t.each, t.seqs, 1}, row);
  NodeId in_b = b.g.part(parts, {state, 1, t.each, t.seqs}, row);
  NodeId in_c = b.g.part(parts, {state, 1, t.each, t.seqs}, row);
  if (b.has("ssm_dt_norm.weight") && b.has("ssm_b_norm.weight")) {
    dt = b.norm(dt, "ssm_dt_norm");
    in_b = b.norm(in_b, "ssm_b_norm");
    in_c = b.norm(in_c, "ssm_c_norm");
  } else {
    dt = b.cont(dt);
  }
  dt = b.mat_bias("ssm_dt", dt);
  const NodeId heads = b.reshape(y, {1, inner, t.each, t.seqs});
  const std::uint64_t result = inner * t.each * t.seqs + state * inner * t.seqs;
  const bool taken = cuda_scans(hp, state, inner);
  const NodeId scan = b.state(cache, state * inner, [&](NodeId states, NodeId ids) {
    const NodeId ssm = b.reshape(states, {state, 1, inner, b.ne(cache)[1]});
    const NodeId s =
        b.other({result, 1, 1, 1}, {ssm, heads, dt, b.weight("ssm_a"), in_b, in_c, ids});
    b.g[s].host_only = !taken;
    return s;
  });
  b.keep_state(cache, b.strided(scan, {state * inner * t.seqs, 1, 1, 1}), state * inner);
  NodeId out = b.strided(scan, {inner, t.each, t.seqs, 1});
  out = b.in_place(y, {out, b.mul(y, b.weight("ssm_d"))});
  const NodeId z = b.cont(b.g.part(xz, {inner, t.each, t.seqs, 1}, both));
  out = b.mat("ssm_out.weight", b.other(b.ne(out), {z, out}));
  return b.reshape(out, {b.ne(out)[0], b.n_tokens, 1, 1});
}

NodeId mix_mamba2(GraphBuilder& b, NodeId x) {
  const Batch t(b);
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

// src/models/plamo2.cpp, v0.5.0.
NodeId mix_plamo2(GraphBuilder& b, NodeId x) {
  const Batch t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t inner = hp.ssm_inner_size.value_or(0), state = hp.ssm_state_size.value_or(0);
  const std::uint64_t n_head = hp.ssm_time_step_rank.value_or(0);
  const std::uint64_t held = hp.ssm_conv_kernel.value_or(1) - 1;
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  const NodeId convs = b.state_cache(CacheRole::conv_state);
  if (cache == no_node || convs == no_node || n_head == 0) throw Unbuilt{};
  const std::uint64_t dim = inner / n_head;
  const NodeId before = b.reshape(b.state(convs, held * inner), {held, inner, t.seqs, 1});
  NodeId zx = b.mat("ssm_in.weight", b.reshape(x, {b.ne(x)[0], t.each, t.seqs, 1}));
  zx = b.other({2 * dim, n_head, t.each, t.seqs}, {b.strided(zx, {2 * inner, t.seqs, t.each, 1})});
  NodeId y = b.other({inner, t.each, t.seqs, 1}, {b.strided(zx, {dim, n_head, t.each, t.seqs})});
  const NodeId z = b.strided(zx, {dim, n_head, t.each, t.seqs});
  const NodeId in = b.other({held + t.each, inner, t.seqs, 1},
                            {before, b.strided(y, {t.each, inner, t.seqs, 1})});
  b.keep_state(convs, b.strided(in, {held, inner, t.seqs, 1}), held * inner);
  y = b.unary(convolve(b, in, "ssm_conv1d.weight", inner));
  const NodeId parts = b.mat("ssm_x.weight", y);
  const std::uint64_t rank = b.ne(parts)[0] - 2 * state;
  const auto part = [&](std::uint64_t w, const char* name) {
    return b.norm(b.strided(parts, {w, t.each, t.seqs, 1}), name);
  };
  NodeId in_b = part(state, "ssm_b_norm"), in_c = part(state, "ssm_c_norm");
  const NodeId dt = b.mat_bias("ssm_dt", part(rank, "ssm_dt_norm"));
  const NodeId a = b.reshape(b.weight("ssm_a"), {1, n_head, 1, 1});
  const NodeId heads = b.strided(y, {dim, n_head, t.each, t.seqs});
  in_b = b.strided(in_b, {state, 1, t.each, t.seqs});
  in_c = b.strided(in_c, {state, 1, t.each, t.seqs});
  const std::uint64_t result = inner * t.each * t.seqs + state * inner * t.seqs;
  const NodeId scan = b.state(cache, state * inner, [&](NodeId states, NodeId ids) {
    const NodeId ssm = b.reshape(states, {state, dim, n_head, b.ne(cache)[1]});
    const NodeId s = b.other({result, 1, 1, 1}, {ssm, heads, dt, a, in_b, in_c, ids});
    b.g[s].host_only = !cuda_scans(hp, 1, n_head);
    return s;
  });
  b.keep_state(cache, b.strided(scan, {state * inner * t.seqs, 1, 1, 1}), state * inner);
  NodeId out = b.strided(scan, {dim, n_head, t.each, t.seqs});
  const NodeId d = b.reshape(b.weight("ssm_d"), {1, n_head, 1, 1});
  out = b.in_place(heads, {out, b.mul(heads, d)});
  out = b.other(b.ne(out), {b.cont(z), out});
  out = b.mat("ssm_out.weight", b.strided(out, {inner, t.each, t.seqs, 1}));
  return b.reshape(out, {b.ne(out)[0], b.n_tokens, 1, 1});
}

// src/models/lfm2.cpp, v0.5.0.
NodeId mix_short_conv(GraphBuilder& b, NodeId x) {
  const Batch t(b);
  const std::uint64_t n = b.n_embd;
  const NodeId all = b.mat("shortconv.in_proj.weight", b.reshape(x, {n, t.each, t.seqs, 1}));
  const Shape third{n, t.each, t.seqs, 1};
  const std::uint64_t row = f32_elem.block_bytes * b.ne(all)[0];
  const NodeId in_b = b.g.part(all, third, row), in_c = b.g.part(all, third, row);
  const NodeId in_x = b.g.part(all, third, row);
  const NodeId bx = b.mul(in_b, in_x);
  const NodeId in = convolution_input(b, bx, b.hp.shortconv_l_cache.value_or(1), n);
  const NodeId conv = convolve(b, in, "shortconv.conv.weight", n);
  NodeId y = b.mat("shortconv.out_proj.weight", b.in_place(conv, {in_c, conv}));
  return b.reshape(y, {n, b.n_tokens, 1, 1});
}

// src/models/delta-net-base.cpp, qwen3next.cpp and qwen35.cpp, v0.5.0.
NodeId mix_delta_net(GraphBuilder& b, NodeId x) {
  const Batch t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t inner = hp.ssm_inner_size.value_or(0), dim = hp.ssm_state_size.value_or(0);
  const std::uint64_t n_k = hp.ssm_group_count.value_or(0), n_v = hp.ssm_time_step_rank.value_or(0);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node || n_k == 0 || n_v == 0) throw Unbuilt{};
  const std::uint64_t dim_v = inner / n_v, channels = inner + 2 * n_k * dim;
  const bool joint = b.has("ssm_ba.weight");
  NodeId fresh, z;
  if (b.has("attn_qkv.weight")) {
    const NodeId y = b.mat_bias("attn_qkv", x);
    fresh = b.reshape(y, {b.ne(y)[0], t.each, t.seqs, 1});
    z = b.mat_bias("attn_gate", x);
  } else {
    const NodeId y = b.mat_bias("ssm_in", x);
    const std::uint64_t v_each = dim_v * n_v / n_k, width = 2 * dim + 2 * v_each;
    const NodeId grouped = b.reshape(y, {width, n_k, t.each, t.seqs});
    const auto part = [&](std::uint64_t w) { return b.strided(grouped, {w, n_k, t.each, t.seqs}); };
    const NodeId q = part(dim), k = part(dim), v = part(v_each);
    z = b.cont(part(v_each));
    const auto flat = [&](NodeId y3, std::uint64_t w) {
      return b.other({w, t.each, t.seqs, 1}, {y3});
    };
    const NodeId qf = flat(q, dim * n_k), kf = flat(k, dim * n_k), vf = flat(v, dim_v * n_v);
    fresh = b.other({2 * dim * n_k, t.each, t.seqs, 1}, {qf, kf});
    fresh = b.other({channels, t.each, t.seqs, 1}, {fresh, vf});
  }
  NodeId beta, alpha;
  if (joint) {
    const NodeId ba = b.reshape(b.mat_bias("ssm_ba", x), {2 * n_v / n_k, n_k, t.each, t.seqs});
    beta = b.unary(b.cont(b.strided(ba, {n_v / n_k, n_k, t.each, t.seqs})));
    alpha = b.other({n_v, t.each, t.seqs, 1}, {b.strided(ba, {n_v / n_k, n_k, t.each, t.seqs})});
    beta = b.reshape(beta, {1, n_v, t.each, t.seqs});
  } else {
    beta = b.unary(b.reshape(b.mat_bias("ssm_beta", x), {1, n_v, t.each, t.seqs}));
    alpha = b.reshape(b.mat_bias("ssm_alpha", x), {n_v, t.each, t.seqs, 1});
  }
  NodeId gate = b.unary(b.add(alpha, b.weight("ssm_dt.bias")));
  gate = b.reshape(b.mul(gate, b.weight("ssm_a")), {1, n_v, t.each, t.seqs});
  const NodeId in = convolution_input(b, fresh, hp.ssm_conv_kernel.value_or(1), channels);
  const NodeId state = b.reshape(b.state(cache, dim_v * dim_v * n_v), {dim_v, dim_v, n_v, t.seqs});
  const NodeId conv = b.unary(convolve(b, in, "ssm_conv1d.weight", channels));
  const std::uint64_t wide = f32_elem.block_bytes * channels;
  NodeId q = b.scale(b.unary(b.g.part(conv, {dim, n_k, t.each, t.seqs}, wide)));
  NodeId k = b.scale(b.unary(b.g.part(conv, {dim, n_k, t.each, t.seqs}, wide)));
  const NodeId v = b.g.part(conv, {dim_v, n_v, t.each, t.seqs}, wide);
  if (joint && n_k != n_v) {
    const auto repeated = [&](NodeId y) {
      y = b.reshape(y, {dim, 1, n_k, b.n_tokens});
      y = b.other({dim, n_v / n_k, n_k, b.n_tokens}, {y});
      return b.reshape(y, {dim, n_v, t.each, t.seqs});
    };
    q = repeated(q), k = repeated(k);
  }
  const NodeId net =
      b.other({dim_v * n_v, t.each * t.seqs + dim_v * t.seqs * b.state_slots(), 1, 1},
              {q, k, v, gate, beta, state});
  keep_states_of(b, net, cache, dim_v, n_v);
  NodeId y = b.norm(b.strided(net, {dim_v, n_v, t.each, t.seqs}), "ssm_norm");
  y = b.mul(y, b.unary(b.reshape(z, {dim_v, n_v, t.each, t.seqs})));
  y = b.mat_bias("ssm_out", b.reshape(y, {dim_v * n_v, t.each, t.seqs, 1}));
  return b.reshape(y, {b.n_embd, b.n_tokens, 1, 1});
}

// src/models/kimi-linear.cpp and kimi-k3.cpp, v0.5.0.
NodeId mix_kda(GraphBuilder& b, NodeId x) {
  const Batch t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t dim = hp.kda_head_dim.value_or(0), n_head = hp.n_head.at(0);
  const std::uint64_t inner = dim * n_head, kernel = hp.ssm_conv_kernel.value_or(4);
  const std::uint64_t held = kernel - 1;
  const NodeId convs = b.state_cache(CacheRole::conv_state);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (convs == no_node || cache == no_node) throw Unbuilt{};
  const NodeId before = b.state(convs, 3 * held * inner);
  const std::uint64_t slots = b.state_slots();
  const auto conv = [&](const char* projection, const char* weight) {
    const NodeId held_part = b.strided(before, {held, inner, t.seqs, 1});
    const NodeId y = b.reshape(b.mat(projection, x), {inner, t.each, t.seqs, 1});
    const NodeId in = b.other({held + t.each, inner, t.seqs, 1},
                              {held_part, b.strided(y, {t.each, inner, t.seqs, 1})});
    const std::uint64_t row = f32_elem.block_bytes * (held + t.each);
    for (std::uint64_t i = 0; i < slots; ++i) {
      const NodeId target = b.strided(convs, {held, inner, t.seqs, 1});
      b.g.expand(b.g.write(target, {b.g.part(in, {held, inner, t.seqs, 1}, row), target}));
    }
    const NodeId kernel_row = b.reshape(b.weight(weight), {kernel, inner, 1, 1});
    NodeId z = b.other({inner, t.each, t.seqs, 1}, {in, kernel_row});
    z = b.unary(b.reshape(z, {inner, b.n_tokens, 1, 1}));
    return b.reshape(z, {dim, n_head, t.each, t.seqs});
  };
  NodeId q = conv("attn_q.weight", "ssm_conv1d_q.weight");
  NodeId k = conv("attn_k.weight", "ssm_conv1d_k.weight");
  const NodeId v = conv("attn_v.weight", "ssm_conv1d_v.weight");
  NodeId gate = b.mat("ssm_f_b.weight", b.mat("ssm_f_a.weight", x));
  gate = b.unary(b.add(gate, b.weight("ssm_dt.bias")));
  gate = b.reshape(gate, {dim, n_head, b.n_tokens, 1});
  gate = b.mul(gate, b.reshape(b.weight("ssm_a"), {1, n_head, 1, 1}));
  gate = b.reshape(gate, {dim, n_head, t.each, t.seqs});
  NodeId beta = b.reshape(b.mat("ssm_beta.weight", x), {1, n_head, t.each, t.seqs});
  beta = b.unary(beta);
  const NodeId state = b.reshape(b.state(cache, dim * dim * n_head), {dim, dim, n_head, t.seqs});
  q = b.scale(b.unary(q));
  k = b.scale(b.unary(k));
  const NodeId net =
      b.other({inner, t.each * t.seqs + dim * t.seqs * slots, 1, 1}, {q, k, v, gate, beta, state});
  NodeId y = b.cont(b.strided(net, {dim, n_head, t.each, t.seqs}));
  keep_states_of(b, net, cache, dim, n_head);
  const NodeId flat = b.reshape(b.reshape(x, {b.ne(x)[0], t.each, t.seqs, 1}), b.ne(x));
  NodeId gate2 = b.has("ssm_g.weight") ? b.mat("ssm_g.weight", flat)
                                       : b.mat("ssm_g_b.weight", b.mat("ssm_g_a.weight", flat));
  gate2 = b.unary(b.reshape(gate2, {dim, n_head, b.n_tokens, 1}));
  y = b.norm(b.reshape(y, {dim, n_head, b.n_tokens, 1}), "ssm_norm");
  y = b.other({inner, b.n_tokens, 1, 1}, {b.mul(y, gate2)});
  return b.mat("attn_output.weight", y);
}

}  // namespace fitvram
