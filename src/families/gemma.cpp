#include <optional>
#include <string>
#include <vector>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// Gemma 3n: parallel residual streams (src/llama-hparams.h n_altup), and layers with a sparse
// feed-forward (src/models/gemma3n.cpp).
constexpr std::uint64_t n_altup = 4;
constexpr std::size_t n_layer_sparse = 10;

void windows_of(GraphBuilder& b) {
  b.windows = true, b.v_first = false;
  b.full = b.attention_input(false);
  b.window = b.attention_input(true);
}

/// Embeddings of every layer for every token: looked up, and projected from the common one.
NodeId per_layer_inputs(GraphBuilder& b, NodeId x) {
  const std::uint64_t width = b.hp.n_embd_per_layer.value_or(0), n = b.model.n_layer,
                      t = b.n_tokens;
  const NodeId tokens = b.g.input({t, 1, 1, 1}, i32_elem);
  NodeId looked = b.rows(b.global("per_layer_token_embd.weight"), tokens);
  looked = b.scale(b.reshape(looked, {width, n, t, 1}));
  b.g.expand(looked);
  NodeId projected = b.scale(b.mat(b.global("per_layer_model_proj.weight"), x));
  b.layer = SIZE_MAX;
  projected = b.norm(b.reshape(projected, {width, n, t, 1}), "per_layer_proj_norm");
  projected = b.scale(b.add(projected, looked));
  return b.cont(b.strided(projected, {width, t, n, 1}));
}

/// Queries and, in layers with a cache of their own, keys and values; then attention.
NodeId attention(GraphBuilder& b, NodeId x) {
  const std::size_t il = b.layer;
  const Hparams& hp = b.hp;
  const bool swa = b.is_swa();
  const std::uint64_t d_k = (swa ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
  const std::uint64_t d_v = (swa ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
  const std::uint64_t n_head = hp.n_head.at(il), n_kv = hp.n_head_kv.at(il), t = b.n_tokens;
  Attention a;
  a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = d_k, a.d_v = d_v, a.cache_layer = il;
  const auto head = [&](NodeId y, std::uint64_t d, std::uint64_t n) {
    return b.reshape(y, {d, n, t, 1});
  };
  a.qkv.q = b.rope(b.norm(head(b.mat("attn_q.weight", x), d_k, n_head), "attn_q_norm"));
  a.qkv.k = a.qkv.v = no_node;
  if (b.model.layers[il].kind != LayerKind::shared_kv) {
    const NodeId k = b.mat("attn_k.weight", x);
    const NodeId v = b.has("attn_v.weight") ? b.mat("attn_v.weight", x) : k;
    a.qkv.k = b.rope(b.norm(head(k, d_k, n_kv), "attn_k_norm"));
    a.qkv.v = b.unary(head(v, d_v, n_kv));
  } else {
    std::size_t owner = 0;
    while (b.model.layers[owner].kind != LayerKind::shared_kv) ++owner;
    if (owner < 2) throw Unbuilt{};
    a.cache_layer = owner - (swa ? 2 : 1);
  }
  return b.mat("attn_output.weight", b.attend(swa ? b.window : b.full, a));
}

NodeId gemma4_experts(GraphBuilder& b, NodeId x) {
  NodeId dense = b.norm(x, "ffn_norm");
  dense = b.feed_forward(dense, "ffn_up", "ffn_gate", "ffn_down", Act::split);
  dense = b.norm(dense, "post_ffw_norm_1");
  const NodeId in = b.norm(x, "pre_ffw_norm_2");
  Moe moe;
  moe.norm_weights = true;
  const NodeId normed = b.mul(b.scale(b.unary(x)), b.weight("ffn_gate_inp.scale"));
  moe.probs = b.mat("ffn_gate_inp.weight", normed);
  return b.add(dense, b.norm(b.experts(in, moe), "post_ffw_norm_2"));
}

void build_gemma4(GraphBuilder& b, const GraphRule& f) {
  NodeId x = b.scale(b.embed(false));
  b.positions();
  windows_of(b);
  const bool per_layer = b.global("per_layer_token_embd.weight") != no_node;
  const NodeId inputs = per_layer ? per_layer_inputs(b, x) : no_node;
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = attention(b, b.norm(x, "attn_norm"));
    const NodeId attended = b.add(b.norm(cur, "post_attention_norm"), x);
    if (b.has("ffn_gate_inp.weight")) {
      cur = gemma4_experts(b, attended);
    } else {
      cur = b.norm(attended, "ffn_norm");
      cur = b.feed_forward(cur, "ffn_up", "ffn_gate", "ffn_down", Act::split);
    }
    cur = b.add(b.norm(cur, "post_ffw_norm"), attended);
    if (per_layer) {
      const NodeId before = cur;
      cur = b.unary(b.mat("inp_gate.weight", cur));
      cur = b.mul(cur, b.strided(inputs, {b.ne(cur)[0], b.n_tokens, 1, 1}));
      cur = b.norm(b.mat("proj.weight", cur), "post_norm");
      cur = b.add(before, cur);
    }
    if (const NodeId s = b.weight("layer_output_scale.weight"); s != no_node) cur = b.mul(cur, s);
    x = cur;
  }
  b.head(x, f.caps, true);
}

NodeId magnitude(GraphBuilder& b, NodeId x) {
  Shape one = b.ne(x);
  one[0] = 1;
  return b.unary(b.other(one, {b.unary(x)}));
}

NodeId modalities(GraphBuilder& b, NodeId x) {
  return b.unary(b.mat("altup_router.weight", b.scale(b.norm(x, "altup_router_norm"))));
}

NodeId predict(GraphBuilder& b, NodeId x, NodeId active) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  NodeId coefs = b.mat("altup_predict_coef.weight", modalities(b, active));
  coefs = b.reshape(coefs, {n_altup, n_altup, t, 1});
  const NodeId turned = b.cont(b.strided(x, {n_altup, n, t, 1}));
  const NodeId predicted = b.g.op(Op::mul_mat, {n, n_altup, t, 1}, f32_elem, {turned, coefs});
  return b.add(b.cont(b.strided(predicted, {n, t, n_altup, 1})), x);
}

NodeId correct(GraphBuilder& b, NodeId predictions, NodeId activated, NodeId active) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  const NodeId modes = modalities(b, activated);
  NodeId innovation = b.in_place(activated, {activated, active});
  NodeId coefs = b.scale(b.mat("altup_correct_coef.weight", modes));
  coefs = b.other({1, t, n_altup, 1}, {b.strided(coefs, {t, n_altup, 1, 1})});
  innovation = b.other({n, t, n_altup, 1}, {innovation});
  return b.add(b.mul(innovation, coefs), predictions);
}

NodeId sparse(GraphBuilder& b, NodeId x) {
  const Shape one{1, b.n_tokens, 1, 1};
  const NodeId mean = b.other(one, {x});
  const NodeId centred = b.in_place(x, {x, mean});
  const NodeId deviation = b.unary(b.scale(b.other(one, {b.unary(centred)})));
  const NodeId cutoff = b.add(mean, b.scale(deviation));
  return b.unary(b.in_place(x, {x, cutoff}));
}

// src/models/gemma3n.cpp, v0.5.0.
void build_gemma3n(GraphBuilder& b, const GraphRule& f) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  const Shape rows{n, t, 1, 1}, rest{n, t, n_altup - 1, 1};
  NodeId x = b.scale(b.embed(false));
  b.positions();
  windows_of(b);
  const NodeId inputs = per_layer_inputs(b, x);
  const auto slice = [&](NodeId y) { return b.reshape(y, rows); };
  const auto rescaled = [&](NodeId y, NodeId target) {
    const NodeId own = magnitude(b, y);
    return b.in_place(y, {b.mul(y, target), own});
  };
  {
    const NodeId target = magnitude(b, x);
    const NodeId added = b.mat(b.global("altup_proj.weight"), b.other(rest, {x}));
    x = b.other({n, t, n_altup, 1}, {x, rescaled(added, target)});
  }
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const NodeId predictions = predict(b, x, slice(x));
    const NodeId active = slice(predictions);
    const NodeId normed = b.norm(active, "attn_norm");
    NodeId laurel = b.mat("laurel_r.weight", b.mat("laurel_l.weight", normed));
    laurel = b.add(b.norm(laurel, "laurel_post_norm"), normed);
    NodeId cur = b.norm(attention(b, normed), "post_attention_norm");
    cur = b.add(cur, active);
    const NodeId joined = b.scale(b.add(cur, laurel));
    cur = b.norm(joined, "ffn_norm");
    const NodeId up = b.mat("ffn_up.weight", cur);
    NodeId gate = b.mat("ffn_gate.weight", cur);
    if (il < n_layer_sparse) gate = sparse(b, gate);
    cur = b.mat("ffn_down.weight", b.mul(up, b.unary(gate)));
    const NodeId activated = b.add(b.norm(cur, "post_ffw_norm"), joined);
    const NodeId corrected = correct(b, predictions, activated, slice(predictions));
    NodeId first = b.mul(slice(corrected), b.weight("altup_correct_scale.weight"));
    first = b.unary(b.mat("inp_gate.weight", first));
    first = b.mul(first, b.reshape(inputs, {b.ne(first)[0], t, 1, 1}));
    first = b.norm(b.mat("proj.weight", first), "post_norm");
    const NodeId others = b.add(b.reshape(corrected, rest), first);
    x = b.other({n, t, n_altup, 1}, {slice(corrected), others});
  }
  const NodeId target = magnitude(b, slice(x));
  const NodeId back = b.mat(b.global("altup_unembd_proj.weight"), b.reshape(x, rest));
  const NodeId unembedded = rescaled(back, target);
  NodeId cur = slice(x);
  for (std::uint64_t i = 0; i + 1 < n_altup; ++i) cur = b.add(cur, slice(unembedded));
  b.head(b.pick(b.scale(cur)), f.caps);
}

void per_layer_globals(TensorBuilder& b) {
  const std::uint64_t width = b.h.n_embd_per_layer.value_or(0);
  if (width == 0) return;
  const std::uint64_t all = sat_mul(width, b.n_trunk());
  b.weight("per_layer_token_embd", all, b.n_vocab());
  b.weight("per_layer_model_proj", b.n_embd(), all);
  b.weight("per_layer_proj_norm", width);
}

void per_layer_tensors(TensorBuilder& b) {
  const std::uint64_t width = b.h.n_embd_per_layer.value_or(0);
  if (width == 0) return;
  b.weight("inp_gate", b.n_embd(), width);
  b.weight("proj", width, b.n_embd());
  b.weight("post_norm", b.n_embd());
}

void gemma4_globals(TensorBuilder& b) { per_layer_globals(b); }

void gemma4_layer(TensorBuilder& b) {
  per_layer_tensors(b);
  b.weight("layer_output_scale", 1);
}

constexpr std::uint64_t laurel_rank = 64;

void gemma3n_globals(TensorBuilder& b) {
  per_layer_globals(b);
  b.weight("altup_proj", b.n_embd(), b.n_embd(), n_altup - 1);
  b.weight("altup_unembd_proj", b.n_embd(), b.n_embd(), n_altup - 1);
}

void gemma3n_layer(TensorBuilder& b) {
  per_layer_tensors(b);
  b.weight("altup_correct_coef", n_altup, n_altup);
  b.weight("altup_correct_scale", b.n_embd());
  b.weight("altup_predict_coef", n_altup, n_altup * n_altup);
  b.weight("altup_router", b.n_embd(), n_altup);
  b.weight("altup_router_norm", b.n_embd());
  b.weight("laurel_l", b.n_embd(), laurel_rank);
  b.weight("laurel_r", laurel_rank, b.n_embd());
  b.weight("laurel_post_norm", b.n_embd());
}

void read_gemma3n(const HfReader& r, Hparams& h) {
  if (!h.n_swa) h.n_swa = r.need("sliding_window");
  if (!r.has("layer_types")) r.use_rule("layer_types", "every fifth layer full");
}

// The first full-attention layer's entry in per_layer_config, for configs without global_head_dim.
std::optional<std::uint32_t> full_layer_fact(const HfReader& r, const std::vector<bool>& swa,
                                             const std::string& key) {
  for (std::size_t i = 0; i < swa.size(); ++i) {
    const std::string path = "per_layer_config/" + std::to_string(i) + "/" + key;
    if (!swa[i] && r.has(path)) return r.count(path);
  }
  return std::nullopt;
}

// conversion/gemma.py, Gemma4Model; the class makes the last layer full, whatever its list says.
void read_gemma4(const HfReader& r, Hparams& h) {
  if (r.has("layer_types")) {
    h.swa_layers = window_layers(r, *h.n_layer);
  } else {
    r.use_rule("layer_types", "every sixth layer and the last full");
    h.swa_layers = all_but_every(6, *h.n_layer);
  }
  h.swa_layers.back() = false;
  auto full_dim = full_layer_fact(r, h.swa_layers, "head_dim");
  if (!full_dim) full_dim = r.need("global_head_dim");
  h.head_dim_k_swa = h.head_dim_v_swa = r.need("head_dim");
  h.head_dim_k = h.head_dim_v = full_dim;
  h.n_rot = full_dim;
  auto full_kv = r.count("num_global_key_value_heads");
  if (!full_kv) full_kv = full_layer_fact(r, h.swa_layers, "num_key_value_heads");
  if (full_kv && h.n_head_kv.present()) {
    h.n_head_kv = by_window(h.swa_layers, h.n_head_kv.max(), *full_kv);
  }
  const std::uint32_t shared = h.shared_kv_layers.value_or(0);
  if (r.flag("use_double_wide_mlp").value_or(false) && shared <= *h.n_layer) {
    std::vector<std::uint32_t> ff(*h.n_layer, h.n_ff.max());
    for (std::uint32_t i = *h.n_layer - shared; i < *h.n_layer; ++i) {
      ff[i] = within_reason(std::uint64_t{ff[i]} * 2, "the feed-forward size");
    }
    h.n_ff = ff;
  }
  if (!r.flag("enable_moe_block").value_or(true)) no_experts(h);
}

std::uint64_t gemma3_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  return siglip(v) + linear(d, n_embd, false) + d;
}

// Tokens of the tower's own vocabulary and the projection to the language model.
std::uint64_t gemma3n_embedder(std::uint64_t n_vocab, std::uint64_t d, std::uint64_t n_embd) {
  return n_vocab * d + 2 * d + linear(d, n_embd, false);
}

// MobileNet-V5-300M is a fixed network that the config only names (timm, mobilenetv5_300m_enc).
std::uint64_t gemma3n_vision(const TowerSection& v, std::uint64_t n_embd) {
  return 294'126'912 + gemma3n_embedder(v.at("vocab_size", 128), v.at("hidden_size", 2048), n_embd);
}

// Two strided convolutions over 128 mel bins, then Conformer layers.
std::uint64_t gemma3n_audio(const TowerSection& a, std::uint64_t n_embd) {
  const std::uint64_t d = a.at("hidden_size", 1536);
  const std::uint64_t heads = a.at("conf_num_attention_heads", 8);
  const std::uint64_t kernel = a.at("conf_conv_kernel_size", 5);
  const std::uint64_t mel_bins = a.at("input_feat_size", 128);
  const std::uint64_t wide = 128, narrow = 32;
  const std::uint64_t mlp = 8 * d * d + 2 * d;
  const std::uint64_t attention = 5 * d * d + d / heads + 2 * d;
  const std::uint64_t convolution = 3 * d * d + kernel * d + 2 * d;
  return 9 * wide + wide + 9 * wide * narrow + narrow + narrow * (mel_bins / 4) * d +
         a.at("conf_num_hidden_layers", 12) * (2 * mlp + attention + convolution + d) +
         gemma3n_embedder(a.at("vocab_size", 128), d, n_embd);
}

std::uint64_t gemma4_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t head = v.at("head_dim");
  const std::uint64_t q = v.at("num_attention_heads") * head;
  const std::uint64_t kv = v.at("num_key_value_heads") * head;
  const std::uint64_t limits = v.flag("use_clipped_linears") ? 7 * 4 : 0;
  const std::uint64_t layer =
      2 * d * q + 2 * d * kv + 3 * d * v.at("intermediate_size") + 4 * d + 2 * head + limits;
  return 3 * square(v.at("patch_size")) * d + 2 * v.at("position_embedding_size") * d +
         v.at("num_hidden_layers") * layer + (v.flag("standardize") ? 2 * d : 0) +
         linear(d, n_embd, false);
}

// Not built from its config: the published total of Gemma 4's audio tower without its projector of
// 1536 x n_embd (google/gemma-4-E4B-it, safetensors metadata).
std::uint64_t gemma4_audio(const TowerSection&, std::uint64_t n_embd) {
  return 304'824'160 + linear(1536, n_embd, false);
}

constexpr NamedHint gemma2_hints[] = {{"gemma-2", {4096, 2}}, {"gemma2", {4096, 2}}};

constexpr Tower gemma3_towers[] = {
    {"siglip_vision_model", gemma3_vision,
     "hidden_size=768 intermediate_size=3072 num_hidden_layers=12 image_size=224 patch_size=16"}};

constexpr NamedHint gemma3_hints[] = {{"gemma-3", {1024, 6}},     {"gemma-3-1b", {512, 6}},
                                      {"gemma-3-270m", {512, 6}}, {"gemma3", {1024, 6}},
                                      {"gemma3-1b", {512, 6}},    {"gemma3-270m", {512, 6}}};

constexpr Tower gemma3n_towers[] = {{"gemma3n_audio", gemma3n_audio},
                                    {"gemma3n_vision", gemma3n_vision}};

constexpr NamedHint gemma3n_hints[] = {{"gemma-3n", {512, 5}}, {"gemma3n", {512, 5}}};

constexpr Tower gemma4_towers[] = {
    {"gemma4_audio", gemma4_audio},
    {"gemma4_vision", gemma4_vision,
     "num_hidden_layers=16 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "num_key_value_heads=12 head_dim=64 patch_size=16 position_embedding_size=10240"}};

constexpr ConfigClass gemma_classes[] = {
    {"gemma",
     "num_hidden_layers=28 hidden_size=3072 intermediate_size=24576 num_attention_heads=16 "
     "num_key_value_heads=16 head_dim=256 vocab_size=256000 max_position_embeddings=8192"},
};
static_assert(well_formed(gemma_classes));

constexpr ConfigClass gemma2_classes[] = {
    {"gemma2",
     "num_hidden_layers=26 hidden_size=2304 intermediate_size=9216 num_attention_heads=8 "
     "num_key_value_heads=4 head_dim=256 vocab_size=256000 max_position_embeddings=8192 "
     "sliding_window=4096"},
};
static_assert(well_formed(gemma2_classes));

constexpr ConfigClass gemma3_classes[] = {
    {"gemma3_text gemma3",
     "num_hidden_layers=26 hidden_size=2304 intermediate_size=9216 num_attention_heads=8 "
     "num_key_value_heads=4 head_dim=256 vocab_size=262208 max_position_embeddings=131072 "
     "sliding_window=4096"},
};
static_assert(well_formed(gemma3_classes));

constexpr ConfigClass gemma3n_classes[] = {
    {"gemma3n_text gemma3n",
     "num_hidden_layers=35 hidden_size=2048 intermediate_size=16384 num_attention_heads=8 "
     "num_key_value_heads=2 head_dim=256 vocab_size=262400 max_position_embeddings=32768 "
     "sliding_window=512 hidden_size_per_layer_input=256 num_kv_shared_layers=15"},
};
static_assert(well_formed(gemma3n_classes));

constexpr ConfigClass gemma4_classes[] = {
    {"gemma4_text gemma4 Gemma4ForConditionalGeneration Gemma4ForCausalLM",
     "num_hidden_layers=30 hidden_size=2304 intermediate_size=9216 num_attention_heads=8 "
     "num_key_value_heads=4 head_dim=256 vocab_size=262144 max_position_embeddings=131072 "
     "sliding_window=512 global_head_dim=512 hidden_size_per_layer_input=256"},
    {"gemma4_unified_text gemma4_unified Gemma4UnifiedForConditionalGeneration",
     "num_hidden_layers=30 hidden_size=2304 intermediate_size=9216 num_attention_heads=8 "
     "num_key_value_heads=4 head_dim=256 vocab_size=262144 max_position_embeddings=262144 "
     "sliding_window=1024 global_head_dim=512"},
};
static_assert(well_formed(gemma4_classes));

constexpr Family rows[] = {
    stranger("recurrent_gemma", {.mlx_lm = {.rotating = "recurrent_gemma"}}),
    {.gguf = "gemma",
     .hf = "GemmaForCausalLM gemma",
     .source = "src/models/gemma.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .tying = Tying::always},
     .graph = {.build = build_transformer, .scaled_embd = true, .q_scaled = true},
     .config = {.read = common_keys, .classes = gemma_classes, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "gemma"}}},
    {.gguf = "gemma-embedding",
     .hf = "Gemma3TextModel",
     .source = "src/models/gemma-embedding.cpp",
     .cache = {.memory = MemoryClass::none, .window = required(every(6))},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared,
                 .tying = Tying::always},
     .graph = {.build = build_transformer,
               .scaled_embd = true,
               .uncached = true,
               .headless = true,
               .q_scaled = true},
     .config = {.read = common_keys, .ties = true}},
    {.gguf = "gemma2",
     .hf = "Gemma2ForCausalLM gemma2",
     .source = "src/models/gemma2.cpp",
     .cache = {.window = every(2, 4096)},
     .tensors =
         {.attention = gqa, .feed_forward = gated, .norms = sandwich, .tying = Tying::always},
     .graph = {.build = build_transformer,
               .scaled_embd = true,
               .q_scaled = true,
               .caps = 3,
               .soft_cap = true},
     .config = {.read = common_keys, .classes = gemma2_classes, .ties = true},
     .hints = gemma2_hints,
     .elsewhere = {.exllamav3 = "gemma2", .mlx_lm = {.plain = "gemma2"}}},
    {.gguf = "gemma3",
     .hf = "Gemma3ForCausalLM Gemma3ForConditionalGeneration gemma3 gemma3_text",
     .source = "src/models/gemma3.cpp",
     .cache = {.window = every(6)},
     .tensors =
         {.attention = gqa, .feed_forward = gated, .norms = sandwich, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .scaled_embd = true, .q_scaled = true},
     .config =
         {.read = common_keys, .classes = gemma3_classes, .ties = true, .towers = gemma3_towers},
     .quantize = {.f16_qat_embd = true},
     .hints = gemma3_hints,
     .elsewhere = {.exllamav3 = "gemma3 gemma3_text",
                   .mlx_lm = {.rotating = "gemma3 gemma3_text"},
                   .two_rope_bases = true}},
    {.gguf = "gemma3n",
     .hf = "Gemma3nForCausalLM Gemma3nForConditionalGeneration gemma3n gemma3n_text",
     .source = "src/models/gemma3n.cpp",
     .cache = {.window = required(every(5)), .kv_from_start = 20},
     .load = {.n_embd_per_layer = 256, .output_before_embd = true},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared,
                 .globals = gemma3n_globals,
                 .layer = gemma3n_layer},
     .graph = {.build = build_gemma3n, .caps = 3},
     .config =
         {.read = read_gemma3n, .classes = gemma3n_classes, .ties = true, .towers = gemma3n_towers},
     .hints = gemma3n_hints,
     .elsewhere = {.mlx_lm = {.rotating = "gemma3n"}, .two_rope_bases = true}},
    {.gguf = "gemma4",
     .hf = "Gemma4ForConditionalGeneration Gemma4ForCausalLM Gemma4UnifiedForConditionalGeneration "
           "gemma4 gemma4_text gemma4_unified gemma4_unified_text",
     .source = "src/models/gemma4.cpp",
     .cache = {.window = required(listed()), .shared_kv = true},
     .load = {.output_before_embd = true, .rope_factors_skip_swa = true},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = sandwich,
                 .qk_norm = QkNorm::shared,
                 .experts = {.fused = true, .dense = DenseBeside::normed},
                 .rope_full = true,
                 .globals = gemma4_globals,
                 .layer = gemma4_layer},
     .graph = {.build = build_gemma4, .caps = 3},
     .config =
         {.read = read_gemma4, .classes = gemma4_classes, .ties = true, .towers = gemma4_towers},
     .elsewhere = {.exllamav3 = "gemma4 gemma4_text gemma4_unified",
                   .mlx_lm = {.rotating = "gemma4 gemma4_text gemma4_unified"},
                   .sglang_windows = true,
                   .sharpinference_windows = true,
                   .two_rope_bases = true}},
    {.gguf = "gemma4-assistant",
     .hf = "Gemma4AssistantForCausalLM Gemma4UnifiedAssistantForCausalLM gemma4_assistant "
           "gemma4_unified_assistant",
     .source = "src/models/gemma4-assistant.cpp",
     .cache = {.memory = MemoryClass::none, .shared_kv = true},
     .load = {.other_context = OtherContext::always},
     .tensors = {.unknown = "a draft is priced as its file holds it"},
     .graph = {.unknown = "runs only beside the model it drafts for"},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true, .two_rope_bases = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::gemma{rows};

}  // namespace fitvram
