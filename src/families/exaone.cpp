#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_exaone4(const HfReader& r, Hparams& h) {
  if (is_called(r, "Exaone4_5_ForConditionalGeneration")) nextn(r, h);
}

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
     .config = {.read = shared_as_wide},
     .elsewhere = {.mlx_lm = {.rotating = "exaone_moe"}}},
    {.gguf = "exaone4",
     .hf = "Exaone4ForCausalLM Exaone4_5_ForConditionalGeneration exaone4 exaone4_5 exaone4_5_text",
     .source = "src/models/exaone4.cpp",
     .cache = {.window = for_n_layer(64, every(4, 4096))},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = post, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .rope = Rope::windows_if},
     .config = {.read = read_exaone4, .outer_classes = "Exaone4_5_ForConditionalGeneration"},
     .elsewhere = {.exllamav3 = "exaone4", .mlx_lm = {.rotating = "exaone4"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::exaone{rows};

}  // namespace fitvram
