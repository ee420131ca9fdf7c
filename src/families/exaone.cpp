#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_exaone4(const HfReader& r, Hparams& h) {
  if (is_called(r, "Exaone4_5_ForConditionalGeneration")) nextn(r, h);
}

constexpr ConfigClass exaone4_classes[] = {
    {"exaone4 exaone4_5 exaone4_5_text",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=16384 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=102400 max_position_embeddings=2048 sliding_window=4096"},
};
static_assert(well_formed(exaone4_classes));

constexpr ConfigClass exaone_moe_classes[] = {
    {"exaone_moe",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=16384 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=102400 max_position_embeddings=2048 sliding_window=4096 "
     "num_experts=64 num_shared_experts=1 num_experts_per_tok=8 moe_intermediate_size=1024 "
     "first_k_dense_replace=1 norm_topk_prob=true"},
};
static_assert(well_formed(exaone_moe_classes));

constexpr Family rows[] = {
    {.gguf = "exaone",
     .hf = "ExaoneForCausalLM exaone",
     .source = "src/models/exaone.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys},
     .elsewhere = {.mlx_lm = {.plain = "exaone"}}},
    {.gguf = "exaone-moe",
     .hf = "ExaoneMoEForCausalLM ExaoneMoeForCausalLM exaone_moe",
     .source = "src/models/exaone-moe.cpp",
     .cache = {.window = required(every(4))},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.dense = true}},
     .graph = {.build = build_transformer, .rope = Rope::windows_if},
     .config = {.read = shared_as_wide, .classes = exaone_moe_classes},
     .elsewhere = {.mlx_lm = {.rotating = "exaone_moe"}}},
    {.gguf = "exaone4",
     .hf = "Exaone4ForCausalLM Exaone4_5_ForConditionalGeneration exaone4 exaone4_5 exaone4_5_text",
     .source = "src/models/exaone4.cpp",
     .cache = {.window = for_n_layer(64, every(4, 4096))},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = post, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .rope = Rope::windows_if},
     .config = {.read = read_exaone4,
                .classes = exaone4_classes,
                .outer_classes = "Exaone4_5_ForConditionalGeneration"},
     .elsewhere = {.exllamav3 = "exaone4", .mlx_lm = {.rotating = "exaone4"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::exaone{rows};

}  // namespace fitvram
