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

constexpr Family rows[] = {
    {.gguf = "ernie4_5",
     .hf = "Ernie4_5_ForCausalLM Ernie4_5ForCausalLM ernie4_5",
     .source = "src/models/ernie4-5.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .ties = true},
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
     .config = {.read = read_ernie_moe, .ties = true},
     .elsewhere = {.exllamav3 = "ernie4_5_moe", .mlx_lm = {.plain = "ernie4_5_moe"}}},
    {.gguf = "paddleocr",
     .hf = "PaddleOCRVLForConditionalGeneration paddleocr_vl",
     .source = "src/models/paddleocr.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .pos = 4},
     .config = {.read = common_keys, .ties = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::ernie{rows};

}  // namespace fitvram
