#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// Rows for tokens that only occur in the input.
void read_molmo(const HfReader& r, Hparams& h) {
  h.n_vocab_extra = r.count_or("additional_vocab_size", 128);
}

// The first OLMo: both halves of the gated layer as one width, mlp_hidden_size or, when that is
// null, mlp_ratio times n_embd (configuration_olmo.py). A config without the key is not complete.
void read_olmo(const HfReader& r, Hparams& h) {
  if (!r.has("mlp_hidden_size") && !r.is_null("mlp_hidden_size")) return;
  std::uint64_t wide = h.n_ff.max();
  if (wide == 0 && r.is_null("mlp_hidden_size"))
    wide = std::uint64_t{r.count_or("mlp_ratio", 0)} * *h.n_embd;
  if (r.word("activation_type") == "swiglu") wide /= 2;
  if (wide > 0) h.n_ff = within_reason(wide, "the feed-forward size");
}

// Olmo 3 without layer_types: every fourth layer is full (conversion/olmo.py).
void read_olmo2(const HfReader&, Hparams& h) {
  if (h.n_swa.value_or(0) == 0 || !h.swa_layers.empty()) return;
  h.swa_layers = all_but_every(4, *h.n_layer);
}

// CLIP ViT-L/14 at 336 pixels without its last layer, pooling over 2 x 2 patches of two layers and
// a gated projector: defaults of the class, which no config of Molmo states.
std::uint64_t molmo_vision(const TowerSection& root, std::uint64_t n_embd) {
  constexpr std::uint64_t d = 1024, n_layer = 23, positions = 577, patch = 14;
  const std::uint64_t wide = root.at("intermediate_size") / 2;
  return n_layer * plain_layer(d, 4096) + d + positions * d + 3 * patch * patch * d + 2 * d +
         3 * linear(2 * d, d) + linear(d, d) + 2 * d * wide + wide * n_embd + 2 * 2 * d;
}

constexpr NamedHint olmo2_hints[] = {{"olmo-3", {4096, 4}}, {"olmo3", {4096, 4}}};

constexpr ConfigClass olmo_classes[] = {
    {"OLMoForCausalLM hf_olmo", ""},
    {"olmo",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=50304 max_position_embeddings=2048"},
};
static_assert(well_formed(olmo_classes));

constexpr ConfigClass olmo2_classes[] = {
    {"olmo2 Olmo2ForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=50304 max_position_embeddings=2048"},
    {"olmo3 Olmo3ForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=50304 max_position_embeddings=2048 sliding_window=4096"},
};
static_assert(well_formed(olmo2_classes));

constexpr ConfigClass olmoe_classes[] = {
    {"olmoe",
     "num_hidden_layers=16 hidden_size=2048 intermediate_size=2048 num_attention_heads=16 "
     "vocab_size=50304 max_position_embeddings=4096 num_experts=64 num_experts_per_tok=8"},
};
static_assert(well_formed(olmoe_classes));

constexpr Family rows[] = {
    {.hf = "molmo",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied},
                 .half_ff = true},
     .graph = {.unknown = not_llama_cpps},
     .config = {.read = read_molmo, .own_tower = molmo_vision}},
    {.gguf = "olmo",
     .hf = "OlmoForCausalLM OLMoForCausalLM olmo hf_olmo",
     .source = "src/models/olmo.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .output_norm = ""},
     .graph = {.build = build_transformer, .layer_norm = true, .bare_norms = true, .clamps = true},
     .config = {.read = read_olmo, .classes = olmo_classes, .ff_key = "mlp_hidden_size"},
     .quantize = {.n_layer_70b = 80},
     .elsewhere = {.mlx_lm = {.plain = "olmo"}}},
    {.gguf = "olmo2",
     .hf = "Olmo2ForCausalLM Olmo3ForCausalLM olmo2 olmo3",
     .source = "src/models/olmo2.cpp",
     .cache = {.window = every(4)},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = post, .qk_norm = QkNorm::whole},
     .graph = {.build = build_transformer, .flat_qkv = true},
     .config = {.read = read_olmo2, .classes = olmo2_classes},
     .hints = olmo2_hints,
     .elsewhere = {.exllamav3 = "olmo3", .mlx_lm = {.plain = "olmo2", .rotating = "olmo3"}}},
    {.gguf = "olmoe",
     .hf = "OlmoeForCausalLM olmoe",
     .source = "src/models/olmoe.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::whole},
     .graph = {.build = build_transformer, .flat_qkv = true, .norm_weights = 0},
     .config = {.read = common_keys, .classes = olmoe_classes},
     .elsewhere = {.mlx_lm = {.plain = "olmoe"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::olmo{rows};

}  // namespace fitvram
