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
  } else {
    const std::uint32_t period = r.need("attn_layer_period");
    const std::uint32_t offset = r.need("attn_layer_offset");
    for (std::uint32_t i = 0; i < n_layer; ++i) {
      if (period > 0 && i % period == offset) mark(i);
    }
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

constexpr ConfigDefault granitehybrid_defaults[] = {
    {"bamba", "num_key_value_heads", 8, anywhere},
    {"granitehybrid", "mamba_d_conv", 4, anywhere},
    {"granitehybrid", "mamba_d_state", 256, anywhere},
    {"granitehybrid", "mamba_expand", 2, anywhere},
    {"granitehybrid", "mamba_n_groups", 1, anywhere},
    {"granitehybrid", "mamba_n_heads", 128, anywhere},
};
static_assert(in_order(granitehybrid_defaults));

constexpr Family rows[] = {
    {.gguf = "granite",
     .hf = "GraniteForCausalLM granite",
     .source = "src/models/granite.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph =
         {.build = build_transformer, .embd_scaled_if_stated = true, .caps = 1, .norm_weights = 1},
     .config = {.read = read_granite},
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
     .config = {.read = read_granite_swa}},
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
     .config = {.read = read_granite_hybrid, .defaults = granitehybrid_defaults},
     .refined = granitehybrid_refined,
     .elsewhere = {.mlx_lm = {.plain = "granitemoehybrid"}}},
    {.gguf = "granitemoe",
     .hf = "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM granitemoe granitemoeshared",
     .source = "src/models/granite-moe.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph =
         {.build = build_transformer, .embd_scaled_if_stated = true, .caps = 1, .norm_weights = 1},
     .config = {.read = read_granite},
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
