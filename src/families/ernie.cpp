#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_ernie_moe(const HfReader& r, Hparams& h) {
  const std::uint32_t kv = h.n_head_kv.max();
  if (h.n_expert_shared && kv > 0) h.n_ff_shexp = r.need("intermediate_size") / kv;
}

constexpr ConfigClass ernie4_5_classes[] = {
    {"ernie4_5",
     "num_hidden_layers=18 hidden_size=1024 intermediate_size=3072 num_attention_heads=16 "
     "num_key_value_heads=2 head_dim=128 vocab_size=103424 max_position_embeddings=131072"},
};
static_assert(well_formed(ernie4_5_classes));

constexpr ConfigClass ernie4_5_moe_classes[] = {
    {"ernie4_5_moe",
     "num_hidden_layers=28 hidden_size=2560 intermediate_size=12288 num_attention_heads=20 "
     "num_key_value_heads=4 vocab_size=103424 max_position_embeddings=131072 moe_num_experts=64 "
     "moe_num_shared_experts=2 moe_k=6 moe_intermediate_size=1536 moe_layer_start_index=1 "
     "moe_layer_interval=1"},
};
static_assert(well_formed(ernie4_5_moe_classes));

constexpr ConfigClass paddleocr_classes[] = {
    {"paddleocr_vl_text paddleocr_vl",
     "num_hidden_layers=18 hidden_size=1024 intermediate_size=3072 num_attention_heads=16 "
     "num_key_value_heads=2 head_dim=128 vocab_size=103424 max_position_embeddings=131072"},
};
static_assert(well_formed(paddleocr_classes));

constexpr Family rows[] = {
    {.gguf = "ernie4_5",
     .hf = "Ernie4_5_ForCausalLM Ernie4_5ForCausalLM ernie4_5",
     .source = "src/models/ernie4-5.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = ernie4_5_classes, .ties = true},
     .elsewhere = {.exllamav3 = "ernie4_5", .mlx_lm = {.plain = "ernie4_5"}}},
    {.gguf = "ernie4_5-moe",
     .hf = "Ernie4_5_MoeForCausalLM ernie4_5_moe",
     .source = "src/models/ernie4-5-moe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = stated_biases,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = read_ernie_moe, .classes = ernie4_5_moe_classes, .ties = true},
     .elsewhere = {.exllamav3 = "ernie4_5_moe", .mlx_lm = {.plain = "ernie4_5_moe"}}},
    {.gguf = "paddleocr",
     .hf = "PaddleOCRVLForConditionalGeneration paddleocr_vl",
     .source = "src/models/paddleocr.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .pos = 4},
     .config = {.read = common_keys, .classes = paddleocr_classes, .ties = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::ernie{rows};

}  // namespace fitvram
