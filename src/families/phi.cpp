#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// Absent and 0 say the same; the loader needs the key to tell Phi-4 from Phi-3 (conversion/phi.py).
void read_phi3(const HfReader&, Hparams& h) {
  if (!h.n_swa) h.n_swa = 0;
}

constexpr ConfigClass phi2_classes[] = {
    {"phi",
     "num_hidden_layers=24 hidden_size=2048 intermediate_size=8192 num_attention_heads=32 "
     "vocab_size=51200 max_position_embeddings=2048"},
};
static_assert(well_formed(phi2_classes));

constexpr ConfigClass phi3_classes[] = {
    {"phi3",
     "num_hidden_layers=32 hidden_size=3072 intermediate_size=8192 num_attention_heads=32 "
     "vocab_size=32064 max_position_embeddings=4096"},
};
static_assert(well_formed(phi3_classes));

constexpr ConfigClass phimoe_classes[] = {
    {"phimoe",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=6400 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=32064 max_position_embeddings=131072 num_local_experts=16 "
     "num_experts_per_tok=2"},
};
static_assert(well_formed(phimoe_classes));

constexpr Family rows[] = {
    stranger("phi3small", {.mlx_lm = {.plain = "phi3small"}}),
    stranger("phixtral", {.mlx_lm = {.plain = "phixtral"}}),
    {.gguf = "phi2",
     .hf = "PhiForCausalLM phi phi-msft",
     .source = "src/models/phi2.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = plain,
                 .norms = biased(parallel),
                 .biases = gpt2_biases,
                 .tying = Tying::never,
                 .head_bias = true},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .beside = Beside::attention_then_ffn,
               .q_scaled = true},
     .config = {.read = as_many_kv_heads, .classes = phi2_classes},
     .elsewhere = {.mlx_lm = {.plain = "phi"}}},
    {.gguf = "phi3",
     .hf = "Phi3ForCausalLM Phi4ForCausalLMV phi3 phi3_v Phi3VForCausalLM phi4-siglip",
     .source = "src/models/phi3.cpp",
     .tensors = {.attention = fused_qkv, .feed_forward = fused, .norms = pre},
     .graph = {.build = build_transformer,
               .residual_first = ResidualFirst::after_ffn,
               .q_scaled = true,
               .norm_weights = 1,
               .act = Act::fused},
     .config = {.read = read_phi3, .classes = phi3_classes},
     .elsewhere = {.exllamav3 = "phi3", .mlx_lm = {.plain = "phi3"}}},
    {.gguf = "phimoe",
     .hf = "PhiMoEForCausalLM phimoe",
     .source = "src/models/phimoe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = biased(pre),
                 .biases = {.qkv = Bias::unless_denied, .out = Bias::always},
                 .head_bias = true},
     .graph = {.build = build_transformer,
               .residual_first = ResidualFirst::after_ffn,
               .q_scaled = true,
               .norm_weights = 1,
               .act = Act::fused},
     .config = {.read = read_phi3, .classes = phimoe_classes},
     .elsewhere = {.mlx_lm = {.plain = "phimoe"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::phi{rows};

}  // namespace fitvram
