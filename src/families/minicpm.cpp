#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

constexpr Family rows[] = {
    {.gguf = "minicpm",
     .hf = "MiniCPMForCausalLM minicpm",
     .source = "src/models/minicpm.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .scaled_embd = true, .caps = 1, .norm_weights = 1},
     .config = {.read = common_keys, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "minicpm"}}},
    {.gguf = "minicpm3",
     .hf = "MiniCPM3ForCausalLM minicpm3",
     .source = "src/models/minicpm3.cpp",
     .tensors = {.attention = mla, .feed_forward = gated, .norms = pre, .whole_kv_b = true},
     .graph = {.build = build_transformer,
               .attention = mix_latent,
               .scaled_embd = true,
               .head_scaled = true},
     .config = {.read = expanded_latent, .ties = true},
     .elsewhere = {.mlx_lm = {.expanded = "minicpm3"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::minicpm{rows};

}  // namespace fitvram
