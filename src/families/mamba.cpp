#include "base/malformed.hpp"
#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// src/models/mamba-base.cpp, v0.5.0.
NodeId mix_mamba1(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
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

std::uint32_t time_step_rank(const HfReader& r, std::string_view keys, std::uint32_t n_embd) {
  const bool automatic = !r.has(keys) || !r.word(keys).empty();
  return automatic ? static_cast<std::uint32_t>(ceil_div(n_embd, 16)) : r.need(keys);
}

// The format of the papers' authors (mamba_ssm/models/config_mamba.py), which names no class.
bool is_state_spaces(const HfReader& r) {
  return r.has("ssm_cfg") && r.has("d_model") && r.has("n_layer");
}

bool claims_mamba(const HfReader& r) {
  return is_state_spaces(r) && r.word("ssm_cfg/layer") != "Mamba2";
}

bool claims_mamba2(const HfReader& r) {
  return is_state_spaces(r) && r.word("ssm_cfg/layer") == "Mamba2";
}

// Mistral's params.json calls its Mamba 2 a mamba.
std::string_view mamba_instead(const HfReader& r) {
  return r.has("dim") && r.has("n_groups") ? "mamba2" : "";
}

// conversion/mamba.py
void read_mamba(const HfReader& r, Hparams& h) {
  if (r.count_or("d_intermediate", 0) > 0 || !r.list("attn_layer_idx").empty())
    throw Malformed(ErrorCode::unsupported, r.where("d_intermediate attn_layer_idx"),
                    "Mamba layers beside attention or a feed-forward, which llama.cpp lacks");
  h.n_ctx_train = unlimited;
  h.n_head = 0;
  h.n_ff = 0;
  h.n_head_kv = {};
  h.head_dim_k.reset();
  h.head_dim_v.reset();
  h.n_rot.reset();
  h.ssm_conv_kernel = r.count_or("conv_kernel d_conv ssm_cfg/d_conv", 4);
  const bool second = h.architecture == "mamba2";
  h.ssm_state_size = r.count_or("state_size d_state ssm_cfg/d_state", second ? 128 : 16);
  const std::uint32_t expand = second ? r.count_or("mamba_expand expand ssm_cfg/expand", 2)
                                      : r.count_or("ssm_cfg/expand", 2);
  if (h.n_vocab) {
    const std::uint32_t step = r.count_or("pad_vocab_size_multiple", second ? 16 : 8);
    h.n_vocab =
        within_reason(ceil_div(*h.n_vocab, std::max(1U, step)) * std::uint64_t{std::max(1U, step)},
                      "the vocabulary");
  }
  if (is_state_spaces(r)) h.tied_embeddings = true;
  h.ssm_inner_size = r.has("mamba_d_ssm intermediate_size d_inner")
                         ? r.need("mamba_d_ssm intermediate_size d_inner")
                         : inner_size(expand, *h.n_embd);
  if (second) {
    const std::uint32_t head = r.count_or("mamba_d_head head_dim ssm_cfg/headdim", 64);
    h.ssm_time_step_rank = head > 0 ? *h.ssm_inner_size / head : 0;
    h.ssm_group_count = r.count_or("n_groups ssm_cfg/ngroups", 1);
  } else {
    h.ssm_time_step_rank = time_step_rank(r, "time_step_rank dt_rank ssm_cfg/dt_rank", *h.n_embd);
  }
}

// conversion/jamba.py
void read_jamba(const HfReader& r, Hparams& h) {
  const std::uint32_t period = r.need("attn_layer_period");
  const std::uint32_t offset = r.need("attn_layer_offset");
  std::vector<std::uint32_t> heads(*h.n_layer, 0);
  for (std::uint32_t i = offset; i < *h.n_layer && period > 0; i += period) {
    heads[i] = kv_heads(r, h);
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_inner_size = inner_size(r.count_or("mamba_expand", 2), *h.n_embd);
  h.ssm_state_size = r.count_or("mamba_d_state", 16);
  h.ssm_time_step_rank = time_step_rank(r, "mamba_dt_rank", *h.n_embd);
}

constexpr ConfigClass mamba_classes[] = {
    {"mamba MambaForCausalLM",
     "num_hidden_layers=32 hidden_size=768 vocab_size=50280 conv_kernel=4 state_size=16 expand=2"},
    {"falcon_mamba FalconMambaForCausalLM",
     "num_hidden_layers=32 hidden_size=768 vocab_size=50280 conv_kernel=4 state_size=16 expand=2"},
};
static_assert(well_formed(mamba_classes));

constexpr ConfigClass mamba2_classes[] = {
    {"mamba2",
     "num_hidden_layers=64 hidden_size=4096 head_dim=64 vocab_size=32768 n_groups=8 conv_kernel=4 "
     "state_size=128 expand=2"},
};
static_assert(well_formed(mamba2_classes));

constexpr ConfigClass jamba_classes[] = {
    {"jamba",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=65536 max_position_embeddings=262144 num_experts=16 "
     "num_experts_per_tok=2 mamba_d_state=16 mamba_d_conv=4 mamba_expand=2 attn_layer_period=8 "
     "attn_layer_offset=4 expert_layer_period=2 expert_layer_offset=1"},
};
static_assert(well_formed(jamba_classes));

constexpr Family rows[] = {
    {.gguf = "jamba",
     .hf = "JambaForCausalLM jamba",
     .source = "src/models/jamba.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::mamba},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::mamba_normed,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.every_second = true}},
     .graph = {.build = build_transformer,
               .recurrent = mix_mamba1,
               .residual_first = ResidualFirst::both,
               .rope = Rope::none,
               .norm_weights = 0},
     .config = {.read = read_jamba, .classes = jamba_classes},
     .elsewhere = {.mlx_lm = {.plain = "jamba"}}},
    {.gguf = "mamba",
     .hf = "MambaForCausalLM MambaLMHeadModel FalconMambaForCausalLM mamba falcon_mamba",
     .source = "src/models/mamba.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::mamba},
     .tensors = {.recurrent = RecurrentBlock::mamba, .norms = parallel},
     .graph = {.build = build_transformer, .recurrent = mix_mamba1},
     .config = {.read = read_mamba,
                .classes = mamba_classes,
                .ties = true,
                .instead = mamba_instead,
                .claims = claims_mamba},
     .elsewhere = {.mlx_lm = {.plain = "falcon_mamba mamba"},
                   .mlxcel = "mamba",
                   .mlxcel_no_cache = true}},
    {.gguf = "mamba2",
     .hf = "Mamba2ForCausalLM mamba2",
     .source = "src/models/mamba2.cpp",
     .cache = {.memory = MemoryClass::recurrent,
               .recurrent = RecurrentRule::all,
               .state = StateRule::mamba2},
     .tensors = {.recurrent = RecurrentBlock::mamba2, .norms = parallel},
     .graph = {.build = build_transformer, .recurrent = mix_mamba2},
     .config = {.read = read_mamba, .classes = mamba2_classes, .claims = claims_mamba2},
     .elsewhere = {.mlx_lm = {.plain = "mamba2"}, .mlxcel = "mamba2", .mlxcel_no_cache = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::mamba{rows};

}  // namespace fitvram
