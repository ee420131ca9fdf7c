#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

constexpr ConfigClass arcee_classes[] = {
    {"arcee",
     "num_hidden_layers=32 hidden_size=2560 intermediate_size=18432 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=4096"},
};
static_assert(well_formed(arcee_classes));

constexpr ConfigClass afmoe_classes[] = {
    {"afmoe",
     "num_hidden_layers=32 hidden_size=2048 intermediate_size=6144 num_attention_heads=16 "
     "head_dim=128 vocab_size=200192 max_position_embeddings=16384 sliding_window=1024 "
     "num_experts=64 num_shared_experts=2 num_experts_per_tok=6 moe_intermediate_size=1408 "
     "num_dense_layers=1"},
};
static_assert(well_formed(afmoe_classes));

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
     .config = {.read = common_keys, .classes = afmoe_classes},
     .elsewhere = {.exllamav3 = "afmoe", .mlx_lm = {.rotating = "afmoe"}}},
    {.gguf = "arcee",
     .hf = "ArceeForCausalLM arcee",
     .source = "src/models/arcee.cpp",
     .tensors = {.attention = gqa, .feed_forward = plain, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = arcee_classes},
     .elsewhere = {.exllamav3 = "arcee"}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::arcee{rows};

}  // namespace fitvram
