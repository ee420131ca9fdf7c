#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// conversion/bailingmoe3.py
void read_bailing3(const HfReader& r, Hparams& h) {
  h.kda_head_dim = h.head_dim_k;
  latent(r, h);
  h.head_dim_v.reset();
  nextn(r, h);
  const std::uint32_t main_layers = *h.n_layer - h.n_layer_nextn.value_or(0);
  const std::uint32_t group = r.need("layer_group_size");
  std::vector<std::uint32_t> heads(*h.n_layer, 1);
  for (std::uint32_t i = 0; i < main_layers && group > 0; ++i) {
    const bool tail = i >= main_layers / group * group;
    heads[i] = tail || (i + 1) % group == 0 ? 1 : 0;
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.need("short_conv_kernel_size");
}

constexpr Family rows[] = {
    stranger("bailing_moe_linear", {.mlx_lm = {.plain = "bailing_moe_linear"}}),
    {.gguf = "bailingmoe",
     .hf = "BailingMoeForCausalLM bailing_moe",
     .source = "src/models/bailingmoe.cpp",
     .tensors =
         {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = {.qkv = Bias::stated}},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys},
     .elsewhere = {.mlx_lm = {.plain = "bailing_moe"}}},
    {.gguf = "bailingmoe2",
     .hf = "BailingMoeV2ForCausalLM SarvamMoEForCausalLM bailing_moe_v2 sarvam_moe",
     .source = "src/models/bailingmoe2.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.own_head = true}},
     .graph = {.build = build_transformer},
     .config = {.read = shared_as_wide}},
    {.gguf = "bailingmoe3",
     .hf = "BailingMoeV3ForCausalLM bailing_moe_v3",
     .source = "src/models/bailingmoe3.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .mla = true,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::kda,
               .rollback = true},
     .tensors = {.attention = mla,
                 .recurrent = RecurrentBlock::kda_whole,
                 .feed_forward = gated,
                 .norms = pre,
                 .gate = AttentionGate::per_head,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.norm = "layer_output_norm"}},
     .graph = {.unknown = "no dry run to check it against"},
     .config = {.read = read_bailing3},
     .elsewhere = {.vllm_f32_states = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::bailing{rows};

}  // namespace fitvram
