#include <algorithm>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_granite(const HfReader&, Hparams& h) {
  h.head_dim_k.reset();
  h.head_dim_v.reset();
}

void read_granite_switch(const HfReader& r, Hparams& h) {
  read_granite(r, h);
  h.n_layer = *h.n_layer - 1;
}

void read_granite_swa(const HfReader& r, Hparams& h) {
  read_granite(r, h);
  if (!h.n_swa) h.n_swa = 128;
  if (!h.swa_layers.empty()) return;
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back(i % 4 != 0);
}

void read_granite_hybrid(const HfReader& r, Hparams& h) {
  if (h.n_expert.value_or(0) == 0) h.n_expert_used = {};
  const std::uint32_t n_layer = *h.n_layer;
  std::vector<std::uint32_t> heads(n_layer, 0);
  const std::uint32_t n_head_kv =
      h.n_head_kv.present() ? h.n_head_kv.max() : r.count_or("num_key_value_heads", h.n_head.max());
  const auto mark = [&](std::uint32_t layer) {
    if (layer < n_layer) heads[layer] = n_head_kv;
  };
  if (const auto words = layer_words(r, n_layer); !words.empty()) {
    for (std::uint32_t i = 0; i < n_layer; ++i) {
      if (words[i] == "attention") mark(i);
    }
  } else if (const auto indices = r.list("attn_layer_indices"); !indices.empty()) {
    for (const auto i : indices) mark(i);
  } else if (r.has("attn_layer_period attn_layer_offset")) {
    const std::uint32_t period = r.need("attn_layer_period");
    const std::uint32_t offset = r.need("attn_layer_offset");
    for (std::uint32_t i = 0; i < n_layer; ++i) {
      if (period > 0 && i % period == offset) mark(i);
    }
  } else {
    r.use_rule("layer_types", "no layer with attention");
  }
  h.head_dim_k.reset();
  h.head_dim_v.reset();
  if (std::find(heads.begin(), heads.end(), 0U) == heads.end()) {
    h.architecture = h.n_expert_used.max() > 0 ? "granitemoe" : "granite";
    h.n_head_kv = n_head_kv;
    return;
  }
  h.n_head_kv = heads;
  mamba2_mixer(r, h, inner_size(r.need("expand mamba_expand"), *h.n_embd));
  const auto words = r.architecture_words();
  const bool bamba = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "BambaForCausalLM" || word == "bamba";
  });
  h.rope_finetuned = bamba;
  if (!bamba) h.n_ctx_train = unlimited;
}

std::string_view granitehybrid_refined(const Hparams& h) {
  const bool hybrid = !h.recurrent_layers.empty() || !h.n_head_kv.present() ||
                      std::ranges::find(h.n_head_kv.values, 0U) != h.n_head_kv.values.end();
  if (hybrid) return "granitehybrid";
  return h.n_expert_used.max() > 0 ? "granitemoe" : "granite";
}

constexpr ConfigClass granite_classes[] = {
    {"granite",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=2048"},
};
static_assert(well_formed(granite_classes));

constexpr ConfigClass granitemoe_classes[] = {
    {"granitemoe GraniteMoeForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2"},
    {"granitemoeshared GraniteMoeSharedForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2"},
};
static_assert(well_formed(granitemoe_classes));

constexpr ConfigClass granitehybrid_classes[] = {
    {"granitemoehybrid GraniteMoeHybridForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 num_local_experts=8 num_experts_per_tok=2 shared_intermediate_size=1024 "
     "mamba_d_state=256 mamba_d_conv=4 mamba_expand=2 mamba_n_heads=128 mamba_n_groups=1"},
    {"bamba BambaForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=128000 max_position_embeddings=262144 mamba_d_state=256 "
     "mamba_d_conv=4 mamba_expand=2 mamba_n_heads=128 mamba_n_groups=1"},
};
static_assert(well_formed(granitehybrid_classes));

constexpr ConfigClass granite_swa_classes[] = {
    {"granite_swa GraniteSWAForCausalLM",
     "num_hidden_layers=24 hidden_size=2560 intermediate_size=8192 num_attention_heads=20 "
     "num_key_value_heads=4 vocab_size=100352 max_position_embeddings=8192 sliding_window=128 "
     "tie_word_embeddings=true"},
    {"granitemoe_swa GraniteMoeSWAForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=2048 sliding_window=128 num_local_experts=8 "
     "num_experts_per_tok=2"},
};
static_assert(well_formed(granite_swa_classes));

constexpr Family rows[] = {
    {.gguf = "granite",
     .hf = "GraniteForCausalLM granite",
     .source = "src/models/granite.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph =
         {.build = build_transformer, .embd_scaled_if_stated = true, .caps = 1, .norm_weights = 1},
     .config = {.read = read_granite, .classes = granite_classes},
     .elsewhere = {.mlx_lm = {.plain = "granite"}}},
    {.gguf = "granite_swa",
     .hf = "GraniteSWAForCausalLM GraniteMoeSWAForCausalLM granite_swa granitemoe_swa",
     .source = "src/models/granite-swa.cpp",
     .cache = {.window = required(listed())},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = stated_biases,
                 .sinks = Sinks::all},
     .graph =
         {.build = build_transformer, .embd_scaled_if_stated = true, .caps = 1, .norm_weights = 1},
     .config = {.read = read_granite_swa, .classes = granite_swa_classes}},
    {.gguf = "granitehybrid",
     .hf = "GraniteMoeHybridForCausalLM BambaForCausalLM granitemoehybrid bamba",
     .source = "src/models/granite-hybrid.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::mamba2},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::mamba2,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = stated_biases},
     .graph = {.build = build_transformer,
               .recurrent = mix_mamba2,
               .embd_scaled_if_stated = true,
               .rope = Rope::if_finetuned,
               .caps = 1,
               .norm_weights = 1},
     .config = {.read = read_granite_hybrid, .classes = granitehybrid_classes},
     .refined = granitehybrid_refined,
     .elsewhere = {.mlx_lm = {.plain = "granitemoehybrid"}}},
    {.gguf = "granitemoe",
     .hf = "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM granitemoe granitemoeshared",
     .source = "src/models/granite-moe.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph =
         {.build = build_transformer, .embd_scaled_if_stated = true, .caps = 1, .norm_weights = 1},
     .config = {.read = read_granite, .classes = granitemoe_classes},
     .elsewhere = {.mlx_lm = {.plain = "granitemoe"}}},
    {.gguf = "graniteswitch",
     .hf = "GraniteSwitchForCausalLM granite_switch",
     .source = "src/models/granite-switch.cpp",
     .cache = {.router_layer = true},
     .tensors = {.unknown = "no checkpoint to check it against"},
     .graph = {.unknown = "no dry run to check it against"},
     .config = {.read = read_granite_switch}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::granite{rows};

}  // namespace fitvram
