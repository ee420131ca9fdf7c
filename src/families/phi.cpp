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
     .config = {.read = as_many_kv_heads},
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
     .config = {.read = read_phi3},
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
     .config = {.read = read_phi3},
     .elsewhere = {.mlx_lm = {.plain = "phimoe"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::phi{rows};

}  // namespace fitvram
