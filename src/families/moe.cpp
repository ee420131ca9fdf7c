#include <algorithm>
#include <string>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

void grok_layer(TensorBuilder& b) {
  b.weight(b.h.n_ff_exp.present() ? "post_ffw_norm" : "layer_output_norm", b.n_embd());
}

// Each two experts share one more as wide as a head (conversion/grovemoe.py).
void grove_layer(TensorBuilder& b) {
  const std::uint64_t n_shared = b.h.n_expert.value_or(0) / 2;
  const std::uint64_t width = b.head_dim_k();
  b.weight("ffn_gate_chexps", b.n_embd(), width, n_shared);
  b.weight("ffn_down_chexps", width, b.n_embd(), n_shared);
  b.weight("ffn_up_chexps", b.n_embd(), width, n_shared);
}

void laguna_layer(TensorBuilder& b) {
  const bool each = b.h.gate_per_value.value_or(false);
  b.weight("attn_gate", b.n_embd(), sat_mul(b.n_head(), each ? b.head_dim_k() : 1));
}

// The pattern that the loader falls back on is not the class's, which then has no windows.
void full_unless_listed(const HfReader& r, Hparams& h) {
  if (h.n_swa.value_or(0) == 0 || !h.swa_layers.empty()) return;
  r.use_rule("layer_types", "every layer full");
  h.n_swa = 0;
}

// conversion/laguna.py
void read_laguna(const HfReader& r, Hparams& h) {
  if (r.has("num_attention_heads_per_layer")) {
    h.n_head = r.per_layer("num_attention_heads_per_layer");
  }
  std::string gate = r.word("gating");
  if (const auto types = r.words("gating_types"); !types.empty()) gate = types.front();
  h.gate_per_value = gate == "per-element" || gate == "per_element";
  if (!h.n_layer_dense_lead) h.n_layer_dense_lead = 1;
  full_unless_listed(r, h);
  h.expert_gating_func = 2;
  h.expert_weights_norm = 1;
}

// conversion/mimo.py: the file has three next-token-prediction blocks that the config leaves out.
void read_mimo2(const HfReader& r, Hparams& h) {
  const auto pattern = r.list("hybrid_layer_pattern");
  if (!pattern.empty()) {
    if (pattern.size() < *h.n_layer) r.missing("hybrid_layer_pattern");
    h.swa_layers.clear();
    for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back(pattern[i] == 1);
  } else if (h.swa_layers.empty()) {
    r.use_rule("layer_types", "the first layer and every sixth full");
    h.swa_layers = all_but_every(6, *h.n_layer);
    h.swa_layers.front() = false;
  }
  append_nextn(h, 3);
  std::fill(h.swa_layers.end() - 3, h.swa_layers.end(), true);
  h.n_head_kv = by_window(h.swa_layers, r.count_or("swa_num_key_value_heads", h.n_head_kv.max()),
                          h.n_head_kv.max());
  h.head_dim_v = r.need("v_head_dim");
}

// Counted from the last layer.
void read_muse_glimmer(const HfReader& r, Hparams& h) {
  if (h.n_swa.value_or(0) == 0 || !h.swa_layers.empty()) return;
  r.use_rule("layer_types", "the last layer and every fourth before it full");
  for (std::uint32_t i = *h.n_layer; i-- > 0;) h.swa_layers.push_back(i % 4 != 0);
}

void read_smallthinker(const HfReader& r, Hparams& h) {
  h.n_ff = h.n_ff_exp;
  const auto layout = r.list("sliding_window_layout");
  const bool any = std::any_of(layout.begin(), layout.end(), [](auto v) { return v != 0; });
  if (!any) {
    h.n_swa = 0;
  } else {
    for (std::uint32_t i = 0; i < *h.n_layer && i < layout.size(); ++i) {
      h.swa_layers.push_back(layout[i] != 0);
    }
  }
}

// conversion/step3.py, Step35Model: window layers have heads of their own, and layer_types covers
// the next-token-prediction blocks too.
void read_step35(const HfReader& r, Hparams& h) {
  const std::uint32_t n_head = h.n_head.max();
  const std::uint32_t n_kv = h.n_head_kv.max();
  const std::uint32_t swa_head = r.count_or("attention_other_setting/num_attention_heads", n_head);
  const std::uint32_t swa_kv = r.count_or("attention_other_setting/num_attention_groups", n_kv);
  nextn(r, h);
  if (r.has("layer_types")) {
    const auto stated = static_cast<std::uint32_t>(r.words("layer_types").size());
    h.swa_layers = window_layers(r, std::min(stated, *h.n_layer));
  }
  h.swa_layers.resize(*h.n_layer, false);
  h.n_head = by_window(h.swa_layers, swa_head, n_head);
  h.n_head_kv = by_window(h.swa_layers, swa_kv, n_kv);
  if (const std::string layers = r.word("moe_layers_enum"); !layers.empty()) {
    std::uint32_t first = 0;
    for (const char c : layers) {
      if (c < '0' || c > '9' || first > *h.n_layer) break;
      first = first * 10 + static_cast<std::uint32_t>(c - '0');
    }
    h.n_layer_dense_lead = std::min(first, *h.n_layer);
  }
}

constexpr ConfigClass laguna_classes[] = {
    {"laguna",
     "num_hidden_layers=40 hidden_size=2048 intermediate_size=8192 num_attention_heads=48 "
     "num_key_value_heads=8 head_dim=128 vocab_size=100352 max_position_embeddings=131072 "
     "sliding_window=512 num_experts=256 num_experts_per_tok=8 moe_intermediate_size=512 "
     "shared_expert_intermediate_size=512"},
};
static_assert(well_formed(laguna_classes));

constexpr ConfigClass mellum_classes[] = {
    {"mellum",
     "num_hidden_layers=28 hidden_size=2304 intermediate_size=7168 num_attention_heads=32 "
     "num_key_value_heads=4 head_dim=128 vocab_size=98304 max_position_embeddings=131072 "
     "sliding_window=1024 num_experts=64 num_experts_per_tok=8 moe_intermediate_size=896 "
     "norm_topk_prob=true"},
};
static_assert(well_formed(mellum_classes));

constexpr ConfigClass muse_glimmer_classes[] = {
    {"muse_glimmer_text muse_glimmer",
     "num_hidden_layers=52 hidden_size=6656 intermediate_size=19968 num_attention_heads=32 "
     "num_key_value_heads=2 head_dim=128 vocab_size=202048 max_position_embeddings=131072 "
     "sliding_window=2048"},
};
static_assert(well_formed(muse_glimmer_classes));

constexpr ConfigClass mimo2_classes[] = {
    {"mimo_v2_flash",
     "num_hidden_layers=48 hidden_size=4096 intermediate_size=16384 num_attention_heads=64 "
     "num_key_value_heads=4 head_dim=192 vocab_size=152576 max_position_embeddings=131072 "
     "sliding_window=128 n_routed_experts=256 num_experts_per_tok=8 moe_intermediate_size=2048 "
     "norm_topk_prob=true v_head_dim=128"},
};
static_assert(well_formed(mimo2_classes));

constexpr ConfigClass dbrx_classes[] = {
    {"dbrx",
     "n_layers=24 d_model=2048 n_heads=16 vocab_size=32000 max_seq_len=2048 "
     "attn_config/kv_n_heads=1 ffn_config/ffn_hidden_size=3584 ffn_config/moe_num_experts=4 "
     "ffn_config/moe_top_k=1"},
};
static_assert(well_formed(dbrx_classes));

constexpr Family rows[] = {
    stranger("longcat_flash", {.mlx_lm = {.plain = "longcat_flash"}}),
    stranger("longcat_flash_ngram", {.mlx_lm = {.plain = "longcat_flash_ngram"}}),
    stranger("mimo", {.exllamav3 = "mimo", .mlx_lm = {.plain = "mimo"}}),
    {.gguf = "arctic",
     .hf = "ArcticForCausalLM arctic",
     .source = "src/models/arctic.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = {.names = "attn_norm ffn_norm ffn_norm_exps"},
                 .experts = {.dense = DenseBeside::like_embd}},
     .graph = {.build = build_transformer, .ffn_and_experts = true, .norm_weights = 1},
     .config = {.read = common_keys}},
    {.gguf = "dbrx",
     .hf = "DbrxForCausalLM dbrx",
     .source = "src/models/dbrx.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = {.names = "attn_norm attn_output_norm"}},
     .graph = {.build = build_transformer, .layer_norm = true, .norm_weights = 1, .clamps = true},
     .config = {.read = common_keys, .classes = dbrx_classes},
     .elsewhere = {.mlx_lm = {.plain = "dbrx"}}},
    {.gguf = "grok",
     .hf = "GrokForCausalLM Grok1ForCausalLM grok-1 grok",
     .source = "src/models/grok.cpp",
     .load = {.no_flash = true},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = {.names = "attn_norm attn_output_norm ffn_norm"},
                 .experts = {.dense = DenseBeside::if_stated},
                 .layer = grok_layer},
     .graph = {.build = build_transformer, .dense_beside = true, .caps = 4, .norm_weights = 1},
     .config = {.read = common_keys}},
    {.gguf = "grovemoe",
     .hf = "GroveMoeForCausalLM grove_moe",
     .source = "src/models/grovemoe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .layer = grove_layer},
     .graph = {.build = build_transformer, .chunks = true, .norm_weights = 1},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "laguna",
     .hf = "LagunaForCausalLM laguna",
     .source = "src/models/laguna.cpp",
     .cache = {.window = first_full(4)},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always},
                 .layer = laguna_layer},
     .graph = {.build = build_transformer},
     .config = {.read = read_laguna, .classes = laguna_classes},
     .elsewhere = {.exllamav3 = "laguna", .mlx_lm = {.rotating = "laguna"}}},
    {.gguf = "maple",
     .hf = "MapleForCausalLM maple",
     .source = "src/models/maple.cpp",
     .cache = {.window = required(listed())},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .tying = Tying::never},
     .graph = {.build = build_transformer, .rope = Rope::windows, .norm_weights = 1},
     .config = {.read = common_keys}},
    {.gguf = "mellum",
     .hf = "MellumForCausalLM mellum",
     .source = "src/models/mellum.cpp",
     .cache = {.window = every(4)},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .tying = Tying::never},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = full_unless_listed, .classes = mellum_classes},
     .elsewhere = {.mlx_lm = {.rotating = "mellum"}}},
    {.gguf = "mimo2",
     .hf = "MiMoV2FlashForCausalLM MiMoV2ForCausalLM mimo_v2_flash mimo_v2",
     .source = "src/models/mimo2.cpp",
     .cache = {.window = required(listed())},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .sinks = Sinks::windows,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.dense = true}},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = read_mimo2, .classes = mimo2_classes},
     .quantize = {.mxfp4_experts = true},
     .elsewhere = {.mlx_lm = {.rotating = "mimo_v2_flash"}, .sglang_windows = true}},
    {.gguf = "muse-glimmer",
     .hf = "MuseGlimmerForConditionalGeneration muse_glimmer muse_glimmer_text",
     .source = "src/models/muse-glimmer.cpp",
     .cache = {.window = required(every(4))},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::per_value,
                 .tying = Tying::never},
     .graph = {.build = build_transformer, .rope = Rope::windows, .caps = 4},
     .config = {.read = read_muse_glimmer, .classes = muse_glimmer_classes}},
    {.gguf = "smallthinker",
     .hf = "SmallThinkerForCausalLM smallthinker",
     .source = "src/models/smallthinker.cpp",
     .cache = {.window = fixed_first_full(4096, 4)},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre},
     .graph = {.build = build_transformer,
               .router_ahead = true,
               .rope = Rope::windows_if,
               .norm_weights = 1},
     .config = {.read = read_smallthinker},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "step35",
     .hf = "Step3p5ForCausalLM Step3p7ForConditionalGeneration step3p5 step3p7 "
           "Step3p7FlashForCausalLM",
     .source = "src/models/step35.cpp",
     .cache = {.window = required(listed())},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::per_head,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.dense = true}},
     .graph = {.build = build_transformer, .pick = PickRows::before_norm, .flat_qkv = true},
     .config = {.read = read_step35, .outer_classes = "Step3p7ForConditionalGeneration"},
     .elsewhere = {.exllamav3 = "step3p5",
                   .mlx_lm = {.rotating = "step3p5"},
                   .sglang_windows = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::moe{rows};

}  // namespace fitvram
