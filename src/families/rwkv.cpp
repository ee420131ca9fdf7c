#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// The blocks of RWKV models and of those that put its time mixing in place of attention.
template <typename TimeMix, typename ChannelMix>
void build_rwkv(GraphBuilder& b, const GraphRule& f, TimeMix time_mix, ChannelMix channel_mix) {
  b.layer_norm = f.layer_norm;
  const std::uint64_t n = b.n_embd, t = b.n_tokens, seqs = b.n_seqs, each = t / seqs;
  NodeId x = b.embed(false);
  b.layer = SIZE_MAX;
  if (f.embd_norm) x = b.norm(x, "token_embd_norm");
  for (const std::size_t il : b.plan) {
    b.layer = il;
    b.last = il + 1 == b.model.n_layer;
    x = b.reshape(x, {n, each, seqs, 1});
    const NodeId cache = b.state_cache(CacheRole::conv_state);
    if (cache == no_node) throw Unbuilt{};
    const bool feeds_forward = b.has("ffn_up.weight");
    const std::uint64_t shifts = feeds_forward ? 1 : 2;
    const Shape one{n, 1, seqs, 1}, flat{n, t, 1, 1};
    const NodeId shift = b.reshape(b.state(cache, shifts * n), {n, shifts, seqs, 1});
    const auto shifted = [&](NodeId last, NodeId y) {
      return b.other({n, each, seqs, 1}, {last, b.strided(y, {n, each - 1, seqs, 1})});
    };
    const NodeId target = b.reshape(cache, {shifts * n * seqs, 1, 1, 1});
    const auto store = [&](NodeId fresh) { b.g.expand(b.g.write(target, {fresh, target})); };
    const NodeId att = b.norm(x, "attn_norm");
    if (feeds_forward) {
      NodeId cur = time_mix(att, shifted(shift, att));
      store(b.strided(att, one));
      NodeId in = b.reshape(b.add(cur, x), flat);
      if (b.last) in = b.pick(in);
      x = b.add(ffn_block(b, f, b.norm(in, "ffn_norm")), in);
      continue;
    }
    NodeId cur = time_mix(att, shifted(b.strided(shift, one), att));
    NodeId in = b.add(cur, x);
    NodeId ffn = b.norm(in, "attn_norm_2");
    NodeId before = shifted(b.strided(shift, one), ffn);
    store(b.other({n, 2, seqs, 1}, {b.strided(att, one), b.strided(ffn, one)}));
    in = b.reshape(in, flat), ffn = b.reshape(ffn, flat), before = b.reshape(before, flat);
    if (b.last) in = b.pick(in), ffn = b.pick(ffn), before = b.pick(before);
    x = b.add(channel_mix(ffn, before), in);
  }
  b.head(x, f.caps);
}

// src/models/rwkv6-base.cpp, v0.5.0.
NodeId time_mix6(GraphBuilder& b, NodeId x, NodeId before) {
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

NodeId channel_mix6(GraphBuilder& b, NodeId x, NodeId before) {
  const NodeId sx = b.in_place(before, {before, x});
  const NodeId xk = b.add(b.mul(sx, b.weight("channel_mix_lerp_k.weight")), x);
  const NodeId xr = b.add(b.mul(sx, b.weight("channel_mix_lerp_r.weight")), x);
  const NodeId r = b.unary(b.mat("channel_mix_receptance.weight", xr));
  const NodeId k = b.unary(b.unary(b.mat("channel_mix_key.weight", xk)));
  return b.mul(r, b.mat("channel_mix_value.weight", k));
}

// src/models/rwkv6.cpp and rwkv6qwen2.cpp, v0.5.0.
void build_rwkv6(GraphBuilder& b, const GraphRule& f) {
  build_rwkv(
      b, f, [&](NodeId x, NodeId before) { return time_mix6(b, x, before); },
      [&](NodeId x, NodeId before) { return channel_mix6(b, x, before); });
}

NodeId time_mix7(GraphBuilder& b, NodeId x, NodeId before, NodeId& first_value) {
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

NodeId channel_mix7(GraphBuilder& b, NodeId x, NodeId before) {
  const NodeId sx = b.in_place(before, {before, x});
  const NodeId mixed = b.add(b.mul(sx, b.weight("channel_mix_lerp_k.weight")), x);
  const NodeId y = b.unary(b.unary(b.mat("channel_mix_key.weight", mixed)));
  return b.mat("channel_mix_value.weight", y);
}

// src/models/rwkv7-base.cpp, rwkv7.cpp and arwkv7.cpp, v0.5.0.
void build_rwkv7(GraphBuilder& b, const GraphRule& f) {
  NodeId first_value = no_node;
  const auto mix = [&](NodeId x, NodeId before) { return time_mix7(b, x, before, first_value); };
  build_rwkv(b, f, mix, [&](NodeId x, NodeId before) { return channel_mix7(b, x, before); });
}

void rwkv_ranks(const HfReader& r, Hparams& h) {
  if (h.architecture == "rwkv6qwen2") {
    h.time_mix_extra_dim = r.count("lora_rank_tokenshift");
    h.time_decay_extra_dim = r.count("lora_rank_decay");
  } else if (h.architecture == "arwkv7") {
    h.decay_lora_rank = h.iclr_lora_rank = 64;
    h.value_lora_rank = 32;
    h.gate_lora_rank = r.flag("wkv_has_gate").value_or(true) ? 128 : 0;
  } else if (h.architecture == "rwkv7") {
    h.decay_lora_rank = r.count("lora_rank_decay decay_low_rank_dim");
    h.iclr_lora_rank = r.count("lora_rank_iclr a_low_rank_dim");
    h.value_lora_rank = r.count("lora_rank_value_residual_mix v_low_rank_dim");
    h.gate_lora_rank = r.count("lora_rank_gate gate_low_rank_dim");
  }
}

// conversion/rwkv.py
void read_rwkv(const HfReader& r, Hparams& h) {
  const bool seventh = h.architecture == "rwkv7" || h.architecture == "arwkv7";
  if (h.architecture == "rwkv6qwen2") {
    h.wkv_head_size = h.n_head.max() > 0 ? *h.n_embd / h.n_head.max() : 0;
  } else {
    h.wkv_head_size = r.need("head_size head_dim");
    h.n_head_kv = {};
  }
  if (h.architecture == "rwkv6qwen2" || h.architecture == "arwkv7") h.token_shift_count = 1;
  rwkv_ranks(r, h);
  if (!h.n_ff.present()) {
    const std::uint64_t wide =
        seventh ? std::uint64_t{*h.n_embd} * 4 : std::uint64_t{*h.n_embd} * 7 / 2 / 32 * 32;
    h.n_ff = within_reason(wide, "the feed-forward size");
  }
  h.n_head = 0;
  h.head_dim_k.reset();
  h.head_dim_v.reset();
  h.n_rot.reset();
  h.n_ctx_train = unlimited;
}

constexpr Family rows[] = {
    {.gguf = "arwkv7",
     .hf = "RwkvHybridForCausalLM rwkv_hybrid",
     .source = "src/models/arwkv7.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::wkv},
     .tensors = {.recurrent = RecurrentBlock::rwkv7_mixer,
                 .feed_forward = gated,
                 .norms = pre,
                 .tying = Tying::never},
     .graph = {.build = build_rwkv7},
     .config = {.read = read_rwkv},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
    {.gguf = "rwkv6",
     .hf = "Rwkv6ForCausalLM rwkv6",
     .source = "src/models/rwkv6.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::wkv},
     .tensors = {.recurrent = RecurrentBlock::rwkv6,
                 .norms = biased(rwkv),
                 .embd_norm = true,
                 .tying = Tying::never},
     .graph = {.build = build_rwkv6, .layer_norm = true, .embd_norm = true},
     .config = {.read = read_rwkv},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
    {.gguf = "rwkv6qwen2",
     .hf = "RWKV6Qwen2ForCausalLM rwkv6qwen2",
     .source = "src/models/rwkv6qwen2.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::wkv},
     .tensors = {.recurrent = RecurrentBlock::rwkv6_gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .tying = Tying::never},
     .graph = {.build = build_rwkv6},
     .config = {.read = read_rwkv},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
    {.gguf = "rwkv7",
     .hf = "Rwkv7ForCausalLM RWKV7ForCausalLM rwkv7",
     .source = "src/models/rwkv7.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::wkv},
     .tensors = {.recurrent = RecurrentBlock::rwkv7,
                 .norms = biased(rwkv),
                 .embd_norm = true,
                 .tying = Tying::never},
     .graph = {.build = build_rwkv7, .layer_norm = true, .embd_norm = true},
     .config = {.read = read_rwkv},
     .elsewhere = {.mlx_lm = {.plain = "rwkv7"},
                   .not_in_servers = true,
                   .not_in_transformers = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::rwkv{rows};

}  // namespace fitvram
