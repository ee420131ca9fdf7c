#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/kimi-linear.cpp and kimi-k3.cpp, v0.5.0.
NodeId mix_kda(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
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

/// The inputs of earlier blocks, of which later ones mix a share into theirs.
class Checkpoints {
 public:
  explicit Checkpoints(GraphBuilder& b) : b_(b) {}

  void push(NodeId x) {
    const NodeId one = b_.reshape(x, {b_.n_embd, 1, b_.n_tokens, 1});
    stack_ = n_++ == 0 ? one : b_.other({b_.n_embd, n_, b_.n_tokens, 1}, {stack_, one});
  }

  NodeId mix(NodeId x, NodeId scores) {
    if (n_ == 0) return x;
    const std::uint64_t t = b_.n_tokens;
    const auto score = [&](NodeId y, std::uint64_t n) {
      return b_.reshape(b_.other({1, n, t, 1}, {b_.mul(b_.unary(y), scores)}), {n, t, 1, 1});
    };
    const NodeId of_stack = score(stack_, n_);
    const NodeId of_x = b_.other({1, t, 1, 1}, {b_.mul(b_.unary(x), scores)});
    const NodeId shares = b_.unary(b_.other({n_ + 1, t, 1, 1}, {of_stack, of_x}));
    const NodeId by_stack = b_.cont(b_.strided(shares, {n_, t, 1, 1}));
    const NodeId by_x = b_.cont(b_.strided(shares, {1, t, 1, 1}));
    const NodeId mixed = b_.other({b_.n_embd, t, 1, 1}, {stack_, by_stack});
    return b_.add(mixed, b_.mul(x, by_x));
  }

 private:
  GraphBuilder& b_;
  NodeId stack_ = no_node;
  std::uint64_t n_ = 0;
};

// src/models/kimi-k3.cpp, v0.5.0.
void build_kimi_k3(GraphBuilder& b, const GraphRule& f) {
  NodeId x = b.embed(false);
  b.full = b.attention_input(false, b.hp.head_dim_k_mla.value_or(0) != 0);
  Checkpoints checkpoints(b);
  const std::size_t each = b.hp.attn_res_block_size.value_or(0);
  const auto mixed = [&](NodeId y, const char* scores) {
    return each == 0 ? y : checkpoints.mix(y, b.weight(scores));
  };
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = mixed(x, "attn_res_score.weight");
    const bool banked = each != 0 && il % each == 0;
    if (banked) checkpoints.push(x);
    cur = b.norm(cur, "attn_norm");
    b.g.expand(cur);
    const bool recurrent = b.model.layers[il].kind == LayerKind::recurrent;
    cur = recurrent ? mix_kda(b, cur) : mix_latent(b, f, cur);
    x = banked ? cur : b.add(x, cur);
    cur = ffn_block(b, f, b.norm(mixed(x, "ffn_res_score.weight"), "ffn_norm"));
    x = b.add(x, cur);
  }
  if (each != 0) x = checkpoints.mix(x, b.global("output_res_score.weight"));
  b.head(b.pick(x), 0);
}

void kimi_k3_layer(TensorBuilder& b) {
  if (b.h.attn_res_block_size.value_or(0) == 0) return;
  b.weight("attn_res_score", b.n_embd());
  b.weight("ffn_res_score", b.n_embd());
}

void kimi_k3_output(TensorBuilder& b) {
  if (b.h.attn_res_block_size.value_or(0) > 0) b.weight("output_res_score", b.n_embd());
}

// KDA and MLA layers; full_attn_layers counts from 1 (conversion/kimi_linear.py, kimi_k3.py).
void read_kimi(const HfReader& r, Hparams& h) {
  latent(r, h);
  std::vector<std::uint32_t> heads(*h.n_layer, 0);
  const auto full = r.list("linear_attn_config/full_attn_layers");
  for (const auto layer : full) {
    if (layer >= 1 && layer <= *h.n_layer) heads[layer - 1] = 1;
  }
  if (full.empty()) {
    r.use_rule("full_attn_layers", "every fourth");
    for (std::uint32_t i = 3; i < *h.n_layer; i += 4) heads[i] = 1;
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.need("linear_attn_config/short_conv_kernel_size");
  h.kda_head_dim = r.need("linear_attn_config/head_dim");
}

constexpr ConfigClass kimi_linear_classes[] = {
    {"kimi_linear",
     "num_hidden_layers=27 hidden_size=2304 intermediate_size=9216 num_attention_heads=32 "
     "vocab_size=163840 max_position_embeddings=1048576 num_local_experts=256 n_shared_experts=1 "
     "num_experts_per_tok=8 moe_intermediate_size=1024 norm_topk_prob=true kv_lora_rank=512 "
     "qk_rope_head_dim=64 qk_nope_head_dim=128 v_head_dim=128 linear_conv_kernel_dim=4 "
     "linear_attn_config/short_conv_kernel_size=4 linear_attn_config/head_dim=128 "
     "first_k_dense_replace=1"},
};
static_assert(well_formed(kimi_linear_classes));

constexpr Family rows[] = {
    {.gguf = "kimi-k3",
     .hf = "KimiK3ForConditionalGeneration kimi_k3",
     .source = "src/models/kimi-k3.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .mla = true,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::kda,
               .rollback = true},
     .tensors = {.attention = mla,
                 .recurrent = RecurrentBlock::kda_k3,
                 .feed_forward = gated,
                 .norms = pre,
                 .gate = AttentionGate::per_value,
                 .experts = {.router_bias = RouterBias::always, .latent = LatentExperts::routed},
                 .layer = kimi_k3_layer,
                 .output = kimi_k3_output},
     .graph = {.build = build_kimi_k3, .rope = Rope::none, .act = Act::situ},
     .config = {.read = read_kimi, .outer_classes = "KimiK3ForConditionalGeneration"},
     .quantize = {.mxfp4_experts = true}},
    {.gguf = "kimi-linear",
     .hf = "KimiLinearModel KimiLinearForCausalLM kimi_linear",
     .source = "src/models/kimi-linear.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .mla = true,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::kda},
     .tensors = {.attention = mla,
                 .recurrent = RecurrentBlock::kda,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer,
               .recurrent = mix_kda,
               .attention = mix_latent,
               .expand_norm = true,
               .rope = Rope::none,
               .norm_weights = 1},
     .config = {.read = read_kimi, .classes = kimi_linear_classes},
     .elsewhere = {.mlx_lm = {.plain = "kimi_linear"}, .vllm_f32_states = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::kimi{rows};

}  // namespace fitvram
