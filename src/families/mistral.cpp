#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// The text inside a Mistral 3 may be a Mistral 4.
std::string_view mistral3_instead(const HfReader& r) {
  return is_called(r, "mistral4") || r.has("kv_lora_rank") ? "mistral4" : "";
}

std::uint64_t pixtral(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t in = merged(d, v.top("spatial_merge_size"));
  const std::uint64_t layer = 4 * d * d + 3 * d * v.at("intermediate_size") + 2 * d;
  return 3 * square(v.at("patch_size")) * d + d + v.at("num_hidden_layers") * layer + d +
         linear(in, d, false) + linear(d, n_embd, false) + linear(n_embd, n_embd, false);
}

constexpr Tower mistral3_towers[] = {{"pixtral", pixtral}};

constexpr ConfigDefault mistral4_defaults[] = {
    {"mistral4", "q_lora_rank", 1024, anywhere},
    {"mistral4", "qk_nope_head_dim", 64, anywhere},
    {"mistral4", "v_head_dim", 128, anywhere},
};
static_assert(in_order(mistral4_defaults));

constexpr Family rows[] = {
    {.gguf = "mistral3",
     .hf = "Mistral3ForConditionalGeneration Ministral3ForCausalLM mistral3 ministral3 ministral",
     .source = "src/models/mistral3.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = common_keys, .instead = mistral3_instead, .towers = mistral3_towers},
     .elsewhere = {.exllamav3 = "ministral3 mistral3",
                   .mlx_lm = {.plain = "mistral3", .rotating = "ministral3"}}},
    {.gguf = "mistral4",
     .hf = "mistral4 Mistral4ForCausalLM",
     .source = "src/models/mistral4.cpp",
     .cache = {.mla = true},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.router_bias = RouterBias::if_sigmoid}},
     .graph = {.build = build_transformer, .attention = mix_latent, .precise_down = true},
     .config = {.read = latent_experts, .defaults = mistral4_defaults}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::mistral{rows};

}  // namespace fitvram
