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

constexpr std::string_view glm4v_defaults =
    "depth=24 hidden_size=1536 intermediate_size=13696 image_size=336 patch_size=14 "
    "out_hidden_size=4096";

constexpr Tower glm4_towers[] = {{"glm4v", glm4v, glm4v_defaults},
                                 {"glm4v_vision", glm4v, glm4v_defaults}};

constexpr Tower glm4moe_towers[] = {{"glm4v_moe", glm4v, glm4v_defaults},
                                    {"glm4v_moe_vision", glm4v, glm4v_defaults}};

constexpr ConfigClass glm4_classes[] = {
    {"glm4 Glm4ForCausalLM",
     "num_hidden_layers=40 hidden_size=4096 intermediate_size=13696 num_attention_heads=32 "
     "num_key_value_heads=2 head_dim=128 vocab_size=151552 max_position_embeddings=131072 "
     "attention_bias=true"},
    {"glm4v_text glm4v Glm4vForConditionalGeneration",
     "num_hidden_layers=40 hidden_size=4096 intermediate_size=13696 num_attention_heads=32 "
     "num_key_value_heads=2 vocab_size=151552 max_position_embeddings=32768 attention_bias=true"},
    {"glm_ocr_text glm_ocr GlmOcrForConditionalGeneration",
     "num_hidden_layers=16 hidden_size=1024 intermediate_size=4096 num_attention_heads=16 "
     "num_key_value_heads=8 vocab_size=59392 max_position_embeddings=131072"},
};
static_assert(well_formed(glm4_classes));

constexpr ConfigClass chatglm_classes[] = {
    {"glm",
     "num_hidden_layers=40 hidden_size=4096 intermediate_size=13696 num_attention_heads=32 "
     "num_key_value_heads=2 head_dim=128 vocab_size=151552 max_position_embeddings=131072"},
};
static_assert(well_formed(chatglm_classes));

constexpr ConfigClass glm4moe_classes[] = {
    {"glm4_moe Glm4MoeForCausalLM",
     "num_hidden_layers=46 hidden_size=4096 intermediate_size=10944 num_attention_heads=96 "
     "num_key_value_heads=8 vocab_size=151552 max_position_embeddings=131072 n_routed_experts=128 "
     "n_shared_experts=1 num_experts_per_tok=8 moe_intermediate_size=1408 first_k_dense_replace=1 "
     "norm_topk_prob=true"},
    {"glm4v_moe_text glm4v_moe Glm4vMoeForConditionalGeneration",
     "num_hidden_layers=46 hidden_size=4096 intermediate_size=10944 num_attention_heads=96 "
     "num_key_value_heads=8 vocab_size=151424 max_position_embeddings=65536 n_routed_experts=128 "
     "n_shared_experts=1 num_experts_per_tok=8 moe_intermediate_size=1408 first_k_dense_replace=1 "
     "norm_topk_prob=true attention_bias=true"},
    {"solar_open SolarOpenForCausalLM",
     "num_hidden_layers=48 hidden_size=4096 num_attention_heads=64 num_key_value_heads=8 "
     "head_dim=128 vocab_size=196608 max_position_embeddings=131072 n_routed_experts=128 "
     "n_shared_experts=1 num_experts_per_tok=8 moe_intermediate_size=1280 norm_topk_prob=true"},
};
static_assert(well_formed(glm4moe_classes));

constexpr ConfigClass glm_dsa_classes[] = {
    {"glm_moe_dsa",
     "num_hidden_layers=78 hidden_size=6144 intermediate_size=12288 num_attention_heads=64 "
     "vocab_size=154880 max_position_embeddings=202752 n_routed_experts=256 n_shared_experts=1 "
     "num_experts_per_tok=8 moe_intermediate_size=2048 first_k_dense_replace=3 norm_topk_prob=true "
     "kv_lora_rank=512 q_lora_rank=2048 qk_rope_head_dim=64 qk_nope_head_dim=192 v_head_dim=256 "
     "index_topk=2048 index_head_dim=128 index_n_heads=32"},
};
static_assert(well_formed(glm_dsa_classes));

constexpr Family rows[] = {
    {.gguf = "chatglm",
     .hf = "GlmForCausalLM ChatGLMModel ChatGLMForConditionalGeneration chatglm glm",
     .source = "src/models/chatglm.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer},
     .config = {.read = read_chatglm, .classes = chatglm_classes},
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
     .config = {.read = latent_nextn, .classes = glm_dsa_classes},
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
     .config = {.read = read_glm4, .classes = glm4_classes, .towers = glm4_towers},
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
     .config = {.read = nextn, .classes = glm4moe_classes, .towers = glm4moe_towers},
     .elsewhere = {.exllamav3 = "glm4_moe glm4v_moe solar_open",
                   .mlx_lm = {.plain = "glm4_moe solar_open"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::glm{rows};

}  // namespace fitvram
