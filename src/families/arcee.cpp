#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

constexpr Family rows[] = {
    {.gguf = "afmoe",
     .hf = "AfmoeForCausalLM afmoe",
     .source = "src/models/afmoe.cpp",
     .cache = {.window = every(4)},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::per_value,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .scaled_embd = true, .rope = Rope::three_of_four},
     .config = {.read = common_keys},
     .elsewhere = {.exllamav3 = "afmoe", .mlx_lm = {.rotating = "afmoe"}}},
    {.gguf = "arcee",
     .hf = "ArceeForCausalLM arcee",
     .source = "src/models/arcee.cpp",
     .tensors = {.attention = gqa, .feed_forward = plain, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys},
     .elsewhere = {.exllamav3 = "arcee"}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::arcee{rows};

}  // namespace fitvram
