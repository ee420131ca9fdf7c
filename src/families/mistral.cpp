#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// The text inside a Mistral 3 may be a Mistral 4.
std::string_view mistral3_instead(const HfReader& r) {
  return is_called(r, "mistral4") || r.has("kv_lora_rank") ? "mistral4" : "";
}

// Models with scaled attention are no llamas (conversion/mistral.py).
bool claims_params(const HfReader& r) {
  return is_mistral_params(r) && r.has("llama_4_scaling") && !r.has("kv_lora_rank");
}

void read_mistral3(const HfReader& r, Hparams& h) {
  if (is_mistral_params(r)) mistral_params(r, h);
}

std::uint64_t pixtral(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t in = merged(d, v.top("spatial_merge_size"));
  const std::uint64_t layer = 4 * d * d + 3 * d * v.at("intermediate_size") + 2 * d;
  return 3 * square(v.at("patch_size")) * d + d + v.at("num_hidden_layers") * layer + d +
         linear(in, d, false) + linear(d, n_embd, false) + linear(n_embd, n_embd, false);
}

constexpr Tower mistral3_towers[] = {{"pixtral", pixtral,
                                      "hidden_size=1024 intermediate_size=4096 "
                                      "num_hidden_layers=24 patch_size=16 spatial_merge_size=2"}};

constexpr ConfigClass mistral3_classes[] = {
    {"mistral3 mistral3/mistral Mistral3ForConditionalGeneration",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=32000 max_position_embeddings=131072 sliding_window=4096 "
     "tie_word_embeddings=false"},
    {"ministral3 Ministral3ForCausalLM",
     "num_hidden_layers=34 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 head_dim=128 vocab_size=131072 max_position_embeddings=262144 "
     "tie_word_embeddings=false"},
};
static_assert(well_formed(mistral3_classes));

constexpr ConfigClass mistral4_classes[] = {
    {"mistral4",
     "num_hidden_layers=36 hidden_size=4096 intermediate_size=12288 num_attention_heads=32 "
     "vocab_size=131072 max_position_embeddings=1048576 n_routed_experts=128 n_shared_experts=1 "
     "num_experts_per_tok=4 moe_intermediate_size=2048 first_k_dense_replace=0 norm_topk_prob=true "
     "kv_lora_rank=256 q_lora_rank=1024 qk_rope_head_dim=64 qk_nope_head_dim=64 v_head_dim=128 "
     "tie_word_embeddings=false"},
};
static_assert(well_formed(mistral4_classes));

constexpr Family rows[] = {
    {.gguf = "mistral3",
     .hf = "Mistral3ForConditionalGeneration Ministral3ForCausalLM mistral3 ministral3 ministral "
           "mistral3/mistral",
     .source = "src/models/mistral3.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = read_mistral3,
                .classes = mistral3_classes,
                .instead = mistral3_instead,
                .claims = claims_params,
                .towers = mistral3_towers},
     .elsewhere = {.exllamav3 = "ministral3 mistral3",
                   .mlx_lm = {.plain = "mistral3", .rotating = "ministral3"}}},
    {.gguf = "mistral4",
     .hf = "mistral4 Mistral4ForCausalLM",
     .source = "src/models/mistral4.cpp",
     .cache = {.mla = true},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.router_bias = RouterBias::if_sigmoid}},
     .graph = {.build = build_transformer, .attention = mix_latent, .precise_down = true},
     .config = {.read = latent_experts, .classes = mistral4_classes}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::mistral{rows};

}  // namespace fitvram
