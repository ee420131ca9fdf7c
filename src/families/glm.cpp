#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/dsa.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// A second set of weights for the tokens of images.
void cogvlm_layer(TensorBuilder& b) {
  const std::uint64_t width = sat_mul(b.n_head(), b.head_dim_k());
  b.weight("vis_attn_qkv", b.n_embd(), sat_mul(3, width));
  b.weight("vis_attn_output", width, b.n_embd());
  b.weight("vis_gate", b.n_embd(), b.n_ff());
  b.weight("vis_down", b.n_ff(), b.n_embd());
  b.weight("vis_up", b.n_embd(), b.n_ff());
}

void read_chatglm(const HfReader& r, Hparams& h) {
  const bool shared = r.flag("multi_query_attention").value_or(true);
  if (const auto groups = r.count("multi_query_group_num"); groups && shared) h.n_head_kv = *groups;
  if (const auto n_ctx = r.count("seq_length")) h.n_ctx_train = n_ctx;
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void read_glm4(const HfReader& r, Hparams& h) {
  if (is_called(r, "GlmOcrForConditionalGeneration")) nextn(r, h);
}

// The blocks' feed-forward is as wide as the language model, the
// merger's as intermediate_size.
std::uint64_t glm4v(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t out = v.at("out_hidden_size", n_embd);
  const std::uint64_t merge = v.at("spatial_merge_size", 2);
  const bool bias = v.flag("attention_bias");
  const std::uint64_t layer = linear(d, 3 * d, bias) + linear(d, d, false) + 3 * d * out + 2 * d;
  return square(v.at("image_size") / v.at("patch_size")) * d + framed_patches(v, d) + d +
         v.at("depth") * layer + 2 * d + merged(d, merge) * out + out + out * out + 2 * out +
         3 * out * v.at("intermediate_size");
}

constexpr Tower glm4_towers[] = {{"glm4v", glm4v}, {"glm4v_vision", glm4v}};

constexpr Tower glm4moe_towers[] = {{"glm4v_moe", glm4v}, {"glm4v_moe_vision", glm4v}};

constexpr Family rows[] = {
    {.gguf = "chatglm",
     .hf = "GlmForCausalLM ChatGLMModel ChatGLMForConditionalGeneration chatglm glm",
     .source = "src/models/chatglm.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer},
     .config = {.read = read_chatglm},
     .elsewhere = {.mlx_lm = {.plain = "glm"}}},
    {.gguf = "cogvlm",
     .hf = "CogVLMForCausalLM cogvlm",
     .source = "src/models/cogvlm.cpp",
     .tensors =
         {.attention = fused_qkv, .feed_forward = gated, .norms = pre, .layer = cogvlm_layer},
     .graph = {.build = build_transformer, .pick = PickRows::none, .plain_rope = true},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "glm-dsa",
     .hf = "GlmMoeDsaForCausalLM glm_moe_dsa",
     .source = "src/models/glm-dsa.cpp",
     .cache = {.memory = MemoryClass::dsa, .mla = true, .indexer = IndexerRule::listed_or_glm},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .indexer = IndexerBlock::tokens,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .attention = mix_indexed_latent},
     .config = {.read = latent_nextn},
     .elsewhere = {.exllamav3 = "glm_moe_dsa", .mlx_lm = {.latent = "glm_moe_dsa"}}},
    {.gguf = "glm4",
     .hf = "Glm4ForCausalLM Glm4vForConditionalGeneration GlmOcrForConditionalGeneration glm4 "
           "glm4v glm4v_text glm_ocr glm_ocr_text",
     .source = "src/models/glm4.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = fused,
                 .norms = sandwich,
                 .biases = {.qkv = Bias::stated},
                 .nextn = {.own_head = true}},
     .graph = {.build = build_transformer, .pos = 4, .axes_if_listed = true},
     .config = {.read = read_glm4, .towers = glm4_towers},
     .elsewhere = {.exllamav3 = "glm4 glm4v", .mlx_lm = {.plain = "glm4"}}},
    {.gguf = "glm4moe",
     .hf = "Glm4MoeForCausalLM Glm4vMoeForConditionalGeneration SolarOpenForCausalLM glm4_moe "
           "glm4v_moe glm4v_moe_text solar_open",
     .source = "src/models/glm4-moe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .biases = {.qkv = Bias::unless_denied},
                 .qk_norm = QkNorm::shared_stated,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.own_head = true}},
     .graph =
         {.build = build_transformer, .post_is_ffn_norm = true, .pos = 4, .axes_if_listed = true},
     .config = {.read = nextn, .towers = glm4moe_towers},
     .elsewhere = {.exllamav3 = "glm4_moe glm4v_moe solar_open",
                   .mlx_lm = {.plain = "glm4_moe solar_open"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::glm{rows};

}  // namespace fitvram
