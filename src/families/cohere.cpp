#include <algorithm>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_cohere2moe(const HfReader& r, Hparams& h) {
  const std::uint32_t wide = r.need("intermediate_size");
  h.n_ff_exp = wide;
  if (h.n_expert_shared) {
    h.n_ff_shexp =
        within_reason(std::uint64_t{wide} * *h.n_expert_shared, "the shared experts' size");
  }
  if (h.n_swa.value_or(0) > 0 && h.swa_layers.empty()) {
    r.use_rule("layer_types", "every fourth layer after the leading dense ones full");
    const std::uint32_t lead = std::min(h.n_layer_dense_lead.value_or(0), *h.n_layer);
    h.swa_layers =
        all_but_every(std::max(1U, r.count_or("prefix_dense_sliding_window_pattern", 1)), lead);
    const auto rest = all_but_every(h.swa_period.value_or(4), *h.n_layer - lead);
    h.swa_layers.insert(h.swa_layers.end(), rest.begin(), rest.end());
  }
  nextn(r, h);
}

void read_command_r(const HfReader& r, Hparams& h) {
  // max_position_embeddings is what the class allocates, not what the model was trained on.
  if (const auto n_ctx = r.count("model_max_length")) h.n_ctx_train = n_ctx;
}

constexpr NamedHint cohere2_hints[] = {
    {"cohere2", {4096, 4}}, {"command-a", {4096, 4}}, {"command-r7b", {4096, 4}}};

constexpr ConfigClass command_r_classes[] = {
    {"cohere",
     "num_hidden_layers=40 hidden_size=8192 intermediate_size=22528 num_attention_heads=64 "
     "vocab_size=256000 max_position_embeddings=8192"},
};
static_assert(well_formed(command_r_classes));

constexpr ConfigClass cohere2_classes[] = {
    {"cohere2",
     "num_hidden_layers=40 hidden_size=8192 intermediate_size=22528 num_attention_heads=64 "
     "vocab_size=256000 max_position_embeddings=8192 sliding_window=4096"},
};
static_assert(well_formed(cohere2_classes));

constexpr ConfigClass cohere2moe_classes[] = {
    {"cohere2_moe",
     "num_hidden_layers=40 hidden_size=8192 intermediate_size=22528 num_attention_heads=64 "
     "head_dim=128 vocab_size=256000 max_position_embeddings=8192 sliding_window=4096 "
     "num_experts=8 num_experts_per_tok=2 norm_topk_prob=true"},
};
static_assert(well_formed(cohere2moe_classes));

constexpr Family rows[] = {
    {.gguf = "cohere2",
     .hf = "Cohere2ForCausalLM cohere2",
     .source = "src/models/cohere2.cpp",
     .cache = {.window = required(every(4))},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = parallel,
                 .biases = {.qkv = Bias::stated, .out = Bias::stated},
                 .tying = Tying::always},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .beside = Beside::residual_first,
               .rope = Rope::windows,
               .caps = 1},
     .config = {.read = common_keys, .classes = cohere2_classes, .ties = true},
     .hints = cohere2_hints,
     .elsewhere = {.exllamav3 = "cohere2", .mlx_lm = {.rotating = "cohere2"}}},
    {.gguf = "cohere2moe",
     .hf = "Cohere2MoeForCausalLM cohere2_moe",
     .source = "src/models/cohere2moe.cpp",
     .cache = {.window = required(first_full(4))},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = parallel},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .beside = Beside::residual_first,
               .pick = PickRows::after_norm,
               .rope = Rope::windows_or_lead,
               .caps = 1},
     .config = {.read = read_cohere2moe, .classes = cohere2moe_classes, .ties = true}},
    {.gguf = "command-r",
     .hf = "CohereForCausalLM cohere",
     .source = "src/models/command-r.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = parallel,
                 .biases = {.qkv = Bias::stated, .out = Bias::stated},
                 .qk_norm = QkNorm::each_stated,
                 .tying = Tying::always},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .beside = Beside::residual_first,
               .caps = 1},
     .config = {.read = read_command_r, .classes = command_r_classes, .ties = true},
     .elsewhere = {.exllamav3 = "cohere", .mlx_lm = {.plain = "cohere"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::cohere{rows};

}  // namespace fitvram
