#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

constexpr Family rows[] = {
    stranger("baichuan_m1", {.mlx_lm = {.rotating = "baichuan_m1"}}),
    {.gguf = "baichuan",
     .hf = "BaichuanForCausalLM BaiChuanForCausalLM baichuan",
     .source = "src/models/baichuan.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre},
     .graph = {.build = build_transformer, .rope = Rope::if_32_layers},
     .config = {.read = common_keys}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::baichuan{rows};

}  // namespace fitvram
