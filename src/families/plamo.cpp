#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"
#include "llama/memory/placement.hpp"

namespace fitvram {

namespace {

// src/models/plamo2.cpp, v0.5.0.
NodeId mix_plamo2(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
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

void read_plamo(const HfReader&, Hparams& h) {
  h.n_ctx_train = 4096;
  h.n_head_kv = 5;
}

void read_plamo3(const HfReader& r, Hparams& h) {
  if (const auto window = r.count("window_size sliding_window")) h.n_swa = window;
}

// conversion/plamo.py, Plamo2Model
void read_plamo2(const HfReader& r, Hparams& h) {
  const std::uint32_t step = r.count_or("mamba_step", 2);
  const std::uint32_t n_layer = *h.n_layer;
  std::vector<std::uint32_t> heads(n_layer, 0), kv(n_layer, 0);
  for (std::uint32_t i = 0; i < n_layer && step > 0; ++i) {
    const bool attention = n_layer <= step / 2 ? i + 1 == n_layer : i % step == step / 2;
    if (!attention && r.flag("mamba_enabled").value_or(true)) continue;
    heads[i] = r.count_or("num_attention_heads", 32);
    kv[i] = r.count_or("num_key_value_heads", 4);
  }
  h.n_head = heads;
  h.n_head_kv = kv;
  h.head_dim_k = h.head_dim_v = r.count_or("hidden_size_per_head", 128);
  h.ssm_state_size = r.count_or("mamba_d_state", 64);
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_time_step_rank = r.count_or("mamba_num_heads", 64);
  h.ssm_inner_size = inner_size(*h.ssm_time_step_rank, *h.head_dim_k);
  h.ssm_group_count = 0;
}

constexpr Family rows[] = {
    {.gguf = "plamo",
     .hf = "PlamoForCausalLM plamo",
     .source = "src/models/plamo.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = parallel, .tying = Tying::never},
     .graph = {.build = build_transformer, .beside = Beside::attention_first},
     .config = {.read = read_plamo},
     .elsewhere = {.mlx_lm = {.plain = "plamo"}, .not_in_servers = true}},
    {.gguf = "plamo2",
     .hf = "Plamo2ForCausalLM PLaMo2ForCausalLM plamo2",
     .source = "src/models/plamo2.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::mamba2},
     .tensors = {.attention = fused_qkv,
                 .recurrent = RecurrentBlock::mamba_heads,
                 .feed_forward = fused,
                 .norms = {.names = "attn_norm post_attention_norm! ffn_norm post_ffw_norm!"},
                 .qk_norm = QkNorm::each},
     .graph = {.build = build_transformer, .recurrent = mix_plamo2},
     .config = {.read = read_plamo2, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "plamo2"}}},
    {.gguf = "plamo3",
     .hf = "Plamo3ForCausalLM PLaMo3ForCausalLM plamo3",
     .source = "src/models/plamo3.cpp",
     .cache = {.window = every(8)},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer},
     .config = {.read = read_plamo3}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::plamo{rows};

}  // namespace fitvram
