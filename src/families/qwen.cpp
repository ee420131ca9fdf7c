#include <algorithm>
#include <string>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

NodeId mix_gated_attention(GraphBuilder& b, const GraphRule& f, NodeId x) {
  Attention a = attention_of(b);
  const std::uint64_t n_head = a.n_head, n_kv = a.n_head_kv, d = a.d_k;
  const Qkv flat = b.flat_qkv(x, 2 * d * n_head, d * n_kv, a.d_v * n_kv);
  const NodeId both = flat.q;
  const std::uint64_t row = f32_elem.block_bytes * b.ne(both)[0];
  a.qkv.q = b.norm(b.g.part(both, {d, n_head, b.n_tokens, 1}, row), "attn_q_norm");
  a.qkv.k = head_norm(b, flat.k, "attn_k_norm", d, n_kv);
  NodeId gate = b.g.part(both, {d, n_head, b.n_tokens, 1}, row);
  if (f.pos > 1) gate = b.other({d * n_head, b.n_tokens, 1, 1}, {gate});
  a.qkv.v = b.reshape(flat.v, {a.d_v, n_kv, b.n_tokens, 1});
  a.qkv.q = b.rope(a.qkv.q), a.qkv.k = b.rope(a.qkv.k);
  const NodeId y = b.attend(b.full, a);
  if (f.pos == 1) gate = b.other({d * n_head, b.n_tokens, 1, 1}, {gate});
  return b.mat_bias("attn_output", b.mul(y, b.unary(gate)));
}

// src/models/delta-net-base.cpp, qwen3next.cpp and qwen35.cpp, v0.5.0.
NodeId mix_delta_net(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
  const Hparams& hp = b.hp;
  const std::uint64_t inner = hp.ssm_inner_size.value_or(0), dim = hp.ssm_state_size.value_or(0);
  const std::uint64_t n_k = hp.ssm_group_count.value_or(0), n_v = hp.ssm_time_step_rank.value_or(0);
  const NodeId cache = b.state_cache(CacheRole::recurrent_state);
  if (cache == no_node || n_k == 0 || n_v == 0) throw Unbuilt{};
  const std::uint64_t dim_v = inner / n_v, channels = inner + 2 * n_k * dim;
  const bool joint = b.has("ssm_ba.weight");
  NodeId fresh, z;
  if (b.has("attn_qkv.weight")) {
    const NodeId y = b.mat_bias("attn_qkv", x);
    fresh = b.reshape(y, {b.ne(y)[0], t.each, t.seqs, 1});
    z = b.mat_bias("attn_gate", x);
  } else {
    const NodeId y = b.mat_bias("ssm_in", x);
    const std::uint64_t v_each = dim_v * n_v / n_k, width = 2 * dim + 2 * v_each;
    const NodeId grouped = b.reshape(y, {width, n_k, t.each, t.seqs});
    const auto part = [&](std::uint64_t w) { return b.strided(grouped, {w, n_k, t.each, t.seqs}); };
    const NodeId q = part(dim), k = part(dim), v = part(v_each);
    z = b.cont(part(v_each));
    const auto flat = [&](NodeId y3, std::uint64_t w) {
      return b.other({w, t.each, t.seqs, 1}, {y3});
    };
    const NodeId qf = flat(q, dim * n_k), kf = flat(k, dim * n_k), vf = flat(v, dim_v * n_v);
    fresh = b.other({2 * dim * n_k, t.each, t.seqs, 1}, {qf, kf});
    fresh = b.other({channels, t.each, t.seqs, 1}, {fresh, vf});
  }
  NodeId beta, alpha;
  if (joint) {
    const NodeId ba = b.reshape(b.mat_bias("ssm_ba", x), {2 * n_v / n_k, n_k, t.each, t.seqs});
    beta = b.unary(b.cont(b.strided(ba, {n_v / n_k, n_k, t.each, t.seqs})));
    alpha = b.other({n_v, t.each, t.seqs, 1}, {b.strided(ba, {n_v / n_k, n_k, t.each, t.seqs})});
    beta = b.reshape(beta, {1, n_v, t.each, t.seqs});
  } else {
    beta = b.unary(b.reshape(b.mat_bias("ssm_beta", x), {1, n_v, t.each, t.seqs}));
    alpha = b.reshape(b.mat_bias("ssm_alpha", x), {n_v, t.each, t.seqs, 1});
  }
  NodeId gate = b.unary(b.add(alpha, b.weight("ssm_dt.bias")));
  gate = b.reshape(b.mul(gate, b.weight("ssm_a")), {1, n_v, t.each, t.seqs});
  const NodeId in = convolution_input(b, fresh, hp.ssm_conv_kernel.value_or(1), channels);
  const NodeId state = b.reshape(b.state(cache, dim_v * dim_v * n_v), {dim_v, dim_v, n_v, t.seqs});
  const NodeId conv = b.unary(convolve(b, in, "ssm_conv1d.weight", channels));
  const std::uint64_t wide = f32_elem.block_bytes * channels;
  NodeId q = b.scale(b.unary(b.g.part(conv, {dim, n_k, t.each, t.seqs}, wide)));
  NodeId k = b.scale(b.unary(b.g.part(conv, {dim, n_k, t.each, t.seqs}, wide)));
  const NodeId v = b.g.part(conv, {dim_v, n_v, t.each, t.seqs}, wide);
  if (joint && n_k != n_v) {
    const auto repeated = [&](NodeId y) {
      y = b.reshape(y, {dim, 1, n_k, b.n_tokens});
      y = b.other({dim, n_v / n_k, n_k, b.n_tokens}, {y});
      return b.reshape(y, {dim, n_v, t.each, t.seqs});
    };
    q = repeated(q), k = repeated(k);
  }
  const NodeId net =
      b.other({dim_v * n_v, t.each * t.seqs + dim_v * t.seqs * b.state_slots(), 1, 1},
              {q, k, v, gate, beta, state});
  keep_states_of(b, net, cache, dim_v, n_v);
  NodeId y = b.norm(b.strided(net, {dim_v, n_v, t.each, t.seqs}), "ssm_norm");
  y = b.mul(y, b.unary(b.reshape(z, {dim_v, n_v, t.each, t.seqs})));
  y = b.mat_bias("ssm_out", b.reshape(y, {dim_v * n_v, t.each, t.seqs, 1}));
  return b.reshape(y, {b.n_embd, b.n_tokens, 1, 1});
}

void qwen4_globals(TensorBuilder& b) {
  const std::uint64_t width = sat_mul(b.h.hyper_connections.value_or(0), b.n_embd());
  const std::uint64_t rank = b.h.hyper_low_rank.value_or(0);
  b.weight("output_hc_norm", width);
  b.weight("output_hc_down", width, rank);
  b.weight("output_hc_up", rank, width);
}

void qwen4_layer(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  const std::uint64_t width = sat_mul(streams, b.n_embd());
  const std::uint64_t rank = b.h.hyper_low_rank.value_or(0);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_norm", width);
    b.weight(part + "_down", width, rank);
    b.weight(part + "_up", rank, width);
    b.weight(part + "_inject", width, streams);
  }
  if (!b.is_recurrent()) {
    const std::uint64_t dim = b.h.indexer_head_dim.value_or(0);
    b.weight("indexer.q_proj", b.n_embd(), sat_mul(b.h.indexer_n_head.value_or(0), dim));
    b.weight("indexer.k_proj", b.n_embd(), dim);
    b.weight("indexer.q_norm", dim);
    b.weight("indexer.k_norm", dim);
  }
  const auto& ple = b.h.ple_layers;
  if (std::find(ple.begin(), ple.end(), b.layer()) == ple.end()) return;
  b.weight("ple_key", b.n_embd(), width);
  b.weight("ple_value", b.n_embd(), b.n_embd());
  for (const char* name : {"ple_norm_key", "ple_norm_query", "ple_norm_conv"})
    b.weight(name, width);
  b.weight("ple_conv1d", b.h.ple_conv_kernel.value_or(0), width);
}

// Features of the image that are added to the first layers (conversion/qwen3vl.py).
void read_deepstack(const HfReader& r, Hparams& h) {
  const auto layers = r.list("vision_config/deepstack_visual_indexes");
  const bool stated = r.has("vision_config/deepstack_visual_indexes");
  const bool tower = stated || r.has("vision_config thinker_config/vision_config");
  const auto n = stated ? static_cast<std::uint32_t>(layers.size()) : tower ? 3U : 0U;
  if (n > 0) h.n_deepstack_layers = n;
}

// Gated delta net layers (conversion/qwen.py, Qwen3NextModel).
void read_delta_net(const HfReader& r, Hparams& h) {
  h.ssm_conv_kernel = r.need("linear_conv_kernel_dim");
  h.ssm_state_size = r.need("linear_key_head_dim");
  h.ssm_group_count = r.need("linear_num_key_heads");
  h.ssm_time_step_rank = r.need("linear_num_value_heads");
  h.ssm_inner_size = inner_size(r.need("linear_value_head_dim"), *h.ssm_time_step_rank);
  if (!h.full_attention_interval) h.full_attention_interval = 4;
  if (r.has("layer_types")) {
    const auto words = layer_words(r, *h.n_layer);
    for (std::uint32_t i = 0; i < *h.n_layer; ++i) {
      h.recurrent_layers.push_back(words[i] == "linear_attention");
    }
  }
  if (!r.has("partial_rotary_factor rope_parameters/partial_rotary_factor") && h.head_dim_k) {
    h.n_rot = *h.head_dim_k / 4;
  }
  append_nextn(h, r.count_or("mtp_num_hidden_layers", 0));
  if (!h.recurrent_layers.empty()) h.recurrent_layers.resize(*h.n_layer, false);
}

// conversion/qwen4exp.py
void read_qwen4(const HfReader& r, Hparams& h) {
  const std::uint32_t n_main = *h.n_layer;
  read_delta_net(r, h);
  for (const auto layer : r.list("ple_layer_ids")) {
    if (layer > 0) h.ple_layers.push_back(layer - 1);
  }
  const std::uint32_t ratio = r.need("indexer_compress_ratio");
  for (std::uint32_t i = 0; i < n_main; ++i) {
    const bool full = h.recurrent_layers.empty()
                          ? (i + 1) % std::max(1U, *h.full_attention_interval) == 0
                          : !h.recurrent_layers[i];
    h.compress_ratios.push_back(full ? ratio : 0);
  }
}

std::uint64_t qwen_merger(std::uint64_t norm, std::uint64_t in, std::uint64_t n_embd) {
  return norm + linear(in, in) + linear(in, n_embd);
}

std::uint64_t qwen2_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("embed_dim", 1280);
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  return framed_patches(v, d) + v.at("depth") * plain_layer(d, d * v.at("mlp_ratio", 4)) +
         qwen_merger(2 * d, in, n_embd);
}

std::uint64_t qwen2_5_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t f = v.at("intermediate_size");
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  const std::uint64_t layer = 4 * linear(d, d) + 2 * linear(d, f) + linear(f, d) + 2 * d;
  return framed_patches(v, d) + v.at("depth") * layer + qwen_merger(d, in, n_embd);
}

std::uint64_t qwen3_tower(const TowerSection& v, std::uint64_t n_embd, std::uint64_t deepstack) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  return framed_patches(v, d) + d + v.at("num_position_embeddings") * d +
         v.at("depth") * plain_layer(d, v.at("intermediate_size")) +
         qwen_merger(2 * d, in, n_embd) + deepstack * qwen_merger(2 * in, in, n_embd);
}

std::uint64_t qwen3_vision(const TowerSection& v, std::uint64_t n_embd) {
  return qwen3_tower(v, n_embd, v.length("deepstack_visual_indexes", 0));
}

// Layers 8, 16 and 24 where the config does not list them.
std::uint64_t qwen3vl_vision(const TowerSection& v, std::uint64_t n_embd) {
  return qwen3_tower(v, n_embd, v.length("deepstack_visual_indexes", 3));
}

constexpr std::string_view qwen3_vision_defaults =
    "depth=27 hidden_size=1152 intermediate_size=4304 patch_size=16 num_position_embeddings=2304";

constexpr Tower qwen2vl_towers[] = {
    {"qwen2_5_vl", qwen2_5_vision,
     "depth=32 hidden_size=3584 intermediate_size=3420 patch_size=14"},
    {"qwen2_vl", qwen2_vision, "depth=32 embed_dim=1280 mlp_ratio=4 patch_size=14"}};

constexpr Tower qwen35_towers[] = {{"qwen3_5", qwen3_vision, qwen3_vision_defaults},
                                   {"qwen3_5_vision", qwen3_vision, qwen3_vision_defaults}};

constexpr Tower qwen35moe_towers[] = {{"qwen3_5_moe", qwen3_vision, qwen3_vision_defaults},
                                      {"qwen3_5_moe_vision", qwen3_vision, qwen3_vision_defaults}};

constexpr Tower qwen3vl_towers[] = {{"qwen3_vl", qwen3vl_vision, qwen3_vision_defaults}};

constexpr Tower qwen3vlmoe_towers[] = {{"qwen3_vl_moe", qwen3vl_vision, qwen3_vision_defaults}};

constexpr ConfigClass qwen2_classes[] = {
    {"qwen2 qwen2_audio audioflamingo3 internvl",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=22016 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=151936 max_position_embeddings=32768 sliding_window=4096 "
     "max_window_layers=28"},
};
static_assert(well_formed(qwen2_classes));

constexpr ConfigClass qwen2moe_classes[] = {
    {"qwen2_moe",
     "num_hidden_layers=24 hidden_size=2048 intermediate_size=5632 num_attention_heads=16 "
     "num_key_value_heads=16 vocab_size=151936 max_position_embeddings=32768 sliding_window=4096 "
     "max_window_layers=28 num_experts=60 num_experts_per_tok=4 moe_intermediate_size=1408 "
     "shared_expert_intermediate_size=5632"},
};
static_assert(well_formed(qwen2moe_classes));

constexpr ConfigClass qwen2vl_classes[] = {
    {"qwen2_vl_text qwen2_vl Qwen2VLForConditionalGeneration",
     "num_hidden_layers=80 hidden_size=8192 intermediate_size=29568 num_attention_heads=64 "
     "num_key_value_heads=8 vocab_size=152064 max_position_embeddings=32768 sliding_window=4096 "
     "max_window_layers=80"},
    {"qwen2_5_vl_text qwen2_5_vl Qwen2_5_VLForConditionalGeneration",
     "num_hidden_layers=80 hidden_size=8192 intermediate_size=29568 num_attention_heads=64 "
     "num_key_value_heads=8 vocab_size=152064 max_position_embeddings=32768 sliding_window=4096 "
     "max_window_layers=80"},
    {"qwen2_5_omni_text qwen2_5_omni Qwen2_5OmniModel",
     "num_hidden_layers=28 hidden_size=3584 intermediate_size=18944 num_attention_heads=28 "
     "num_key_value_heads=4 vocab_size=152064 max_position_embeddings=32768 sliding_window=32768 "
     "max_window_layers=28"},
};
static_assert(well_formed(qwen2vl_classes));

constexpr ConfigClass qwen3_classes[] = {
    {"qwen3",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=22016 num_attention_heads=32 "
     "num_key_value_heads=32 head_dim=128 vocab_size=151936 max_position_embeddings=32768 "
     "sliding_window=4096 max_window_layers=28"},
};
static_assert(well_formed(qwen3_classes));

constexpr ConfigClass qwen3moe_classes[] = {
    {"qwen3_moe",
     "num_hidden_layers=24 hidden_size=2048 intermediate_size=6144 num_attention_heads=32 "
     "num_key_value_heads=4 vocab_size=151936 max_position_embeddings=32768 num_experts=128 "
     "num_experts_per_tok=8 moe_intermediate_size=768"},
};
static_assert(well_formed(qwen3moe_classes));

constexpr ConfigClass qwen3next_classes[] = {
    {"qwen3_next",
     "num_hidden_layers=48 hidden_size=2048 intermediate_size=5632 num_attention_heads=16 "
     "num_key_value_heads=2 head_dim=256 vocab_size=151936 max_position_embeddings=32768 "
     "num_experts=512 num_experts_per_tok=10 moe_intermediate_size=512 "
     "shared_expert_intermediate_size=512 norm_topk_prob=true linear_conv_kernel_dim=4 "
     "linear_key_head_dim=128 linear_value_head_dim=128 linear_num_key_heads=16 "
     "linear_num_value_heads=32"},
};
static_assert(well_formed(qwen3next_classes));

constexpr ConfigClass qwen35_classes[] = {
    {"qwen3_5_text qwen3_5 minicpmv4_6",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=12288 num_attention_heads=16 "
     "num_key_value_heads=4 head_dim=256 vocab_size=248320 max_position_embeddings=32768 "
     "linear_conv_kernel_dim=4 linear_key_head_dim=128 linear_value_head_dim=128 "
     "linear_num_key_heads=16 linear_num_value_heads=32"},
};
static_assert(well_formed(qwen35_classes));

constexpr ConfigClass qwen35moe_classes[] = {
    {"qwen3_5_moe_text qwen3_5_moe",
     "num_hidden_layers=40 hidden_size=2048 num_attention_heads=16 num_key_value_heads=2 "
     "head_dim=256 vocab_size=248320 max_position_embeddings=32768 num_experts=256 "
     "num_experts_per_tok=8 moe_intermediate_size=512 shared_expert_intermediate_size=512 "
     "linear_conv_kernel_dim=4 linear_key_head_dim=128 linear_value_head_dim=128 "
     "linear_num_key_heads=16 linear_num_value_heads=32"},
};
static_assert(well_formed(qwen35moe_classes));

constexpr ConfigClass qwen3vl_classes[] = {
    {"qwen3_vl_text qwen3_vl Qwen3VLForConditionalGeneration",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=22016 num_attention_heads=32 "
     "num_key_value_heads=32 head_dim=128 vocab_size=151936 max_position_embeddings=128000"},
    {"qwen3_asr_text qwen3_asr Qwen3ASRForConditionalGeneration",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=22016 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=151936 max_position_embeddings=128000"},
};
static_assert(well_formed(qwen3vl_classes));

constexpr ConfigClass qwen3vlmoe_classes[] = {
    {"qwen3_vl_moe_text qwen3_vl_moe Qwen3VLMoeForConditionalGeneration",
     "num_hidden_layers=24 hidden_size=2048 intermediate_size=5632 num_attention_heads=16 "
     "num_key_value_heads=16 vocab_size=151936 max_position_embeddings=128000 num_experts=60 "
     "num_experts_per_tok=4 moe_intermediate_size=1408"},
    {"qwen3_omni_moe_text qwen3_omni_moe Qwen3OmniMoeForConditionalGeneration",
     "num_hidden_layers=28 hidden_size=2048 intermediate_size=18944 num_attention_heads=28 "
     "num_key_value_heads=4 max_position_embeddings=32768 num_experts=128 num_experts_per_tok=8 "
     "moe_intermediate_size=768 norm_topk_prob=true"},
};
static_assert(well_formed(qwen3vlmoe_classes));

constexpr ConfigClass qwen4exp_classes[] = {
    {"qwen4_exp_text qwen4_exp",
     "num_hidden_layers=40 hidden_size=2048 num_attention_heads=16 num_key_value_heads=2 "
     "head_dim=256 vocab_size=248320 max_position_embeddings=32768 num_experts=512 "
     "num_experts_per_tok=10 moe_intermediate_size=512 shared_expert_intermediate_size=512 "
     "norm_topk_prob=true hc_count=4 hc_lowrank=320 linear_conv_kernel_dim=4 "
     "linear_key_head_dim=128 linear_value_head_dim=128 linear_num_key_heads=16 "
     "linear_num_value_heads=32 ple_conv_kernel_size=4 ngram_size=3"},
};
static_assert(well_formed(qwen4exp_classes));

constexpr Family rows[] = {
    {.gguf = "qwen",
     .hf = "QWenLMHeadModel qwen",
     .source = "src/models/qwen.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied},
                 .half_ff = true},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .window_off = true},
     .elsewhere = {.mlx_lm = {.plain = "qwen"}}},
    {.gguf = "qwen2",
     .hf = "Qwen2Model Qwen2ForCausalLM Qwen2AudioForConditionalGeneration KORMoForCausalLM "
           "AudioFlamingo3ForConditionalGeneration DotsOCRForCausalLM qwen2 qwen2_audio kormo "
           "dots_ocr audioflamingo3",
     .source = "src/models/qwen2.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = qwen2_classes, .window_off = true},
     .quantize = {.n_layer_70b = 80},
     .elsewhere = {.exllamav3 = "qwen2", .mlx_lm = {.plain = "qwen2"}}},
    {.gguf = "qwen2moe",
     .hf = "Qwen2MoeForCausalLM qwen2_moe",
     .source = "src/models/qwen2moe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied},
                 .experts = {.shared_gate = true}},
     .graph = {.build = build_transformer, .norm_weights = 0},
     .config = {.read = common_keys, .classes = qwen2moe_classes, .window_off = true},
     .elsewhere = {.mlx_lm = {.plain = "qwen2_moe"}}},
    {.gguf = "qwen2vl",
     .hf = "Qwen2VLModel Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration "
           "Qwen2_5OmniModel qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni "
           "qwen2_5_omni_text",
     .source = "src/models/qwen2vl.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer, .pos = 4},
     .config = {.read = common_keys,
                .classes = qwen2vl_classes,
                .window_off = true,
                .towers = qwen2vl_towers},
     .elsewhere = {.exllamav3 = "qwen2_5_vl", .mlx_lm = {.plain = "qwen2_vl"}}},
    {.gguf = "qwen3",
     .hf = "Qwen3ForCausalLM Qwen3Model StepVLForConditionalGeneration qwen3",
     .source = "src/models/qwen3.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys,
                .classes = qwen3_classes,
                .window_off = true,
                .outer_classes = "StepVLForConditionalGeneration"},
     .elsewhere = {.exllamav3 = "qwen3", .mlx_lm = {.plain = "qwen3"}}},
    {.gguf = "qwen35",
     .hf = "MiniCPMV4_6ForConditionalGeneration Qwen3_5ForConditionalGeneration Qwen3_5ForCausalLM "
           "qwen3_5 qwen3_5_text",
     .source = "src/models/qwen35.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::interval,
               .state = StateRule::mamba2,
               .rollback = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::delta_net_split,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::in_query},
     .graph = {.build = build_transformer,
               .recurrent = mix_delta_net,
               .attention = mix_gated_attention,
               .post_is_ffn_norm = true,
               .pick = PickRows::after_norm,
               .expand_norm = true,
               .pos = 4},
     .config = {.read = read_delta_net,
                .classes = qwen35_classes,
                .window_off = true,
                .towers = qwen35_towers},
     .elsewhere = {.exllamav3 = "qwen3_5",
                   .mlx_lm = {.plain = "qwen3_5"},
                   .vllm_f32_states = true,
                   .ollama_one_sequence = true}},
    {.gguf = "qwen35moe",
     .hf = "Qwen3_5MoeForConditionalGeneration Qwen3_5MoeForCausalLM qwen3_5_moe qwen3_5_moe_text",
     .source = "src/models/qwen35moe.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::interval,
               .state = StateRule::mamba2,
               .rollback = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::delta_net_split,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::in_query,
                 .experts = {.shared_gate = true}},
     .graph = {.build = build_transformer,
               .recurrent = mix_delta_net,
               .attention = mix_gated_attention,
               .post_is_ffn_norm = true,
               .pick = PickRows::after_norm,
               .expand_norm = true,
               .norm_weights = 1,
               .pos = 4},
     .config = {.read = read_delta_net,
                .classes = qwen35moe_classes,
                .window_off = true,
                .towers = qwen35moe_towers},
     .elsewhere = {.exllamav3 = "qwen3_5_moe",
                   .mlx_lm = {.plain = "qwen3_5_moe"},
                   .vllm_f32_states = true,
                   .ollama_one_sequence = true}},
    {.gguf = "qwen3moe",
     .hf = "Qwen3MoeForCausalLM qwen3_moe",
     .source = "src/models/qwen3moe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = common_keys, .classes = qwen3moe_classes, .window_off = true},
     .elsewhere = {.exllamav3 = "qwen3_moe", .mlx_lm = {.plain = "qwen3_moe"}}},
    {.gguf = "qwen3next",
     .hf = "Qwen3NextForCausalLM qwen3_next",
     .source = "src/models/qwen3next.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::interval,
               .state = StateRule::mamba2},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::delta_net,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::in_query,
                 .experts = {.shared_gate = true}},
     .graph = {.build = build_transformer,
               .recurrent = mix_delta_net,
               .attention = mix_gated_attention,
               .post_is_ffn_norm = true,
               .pick = PickRows::after_norm,
               .expand_norm = true,
               .norm_weights = 1},
     .config = {.read = read_delta_net, .classes = qwen3next_classes, .window_off = true},
     .elsewhere = {.exllamav3 = "qwen3_next",
                   .mlx_lm = {.plain = "qwen3_next"},
                   .ollama_one_sequence = true}},
    {.gguf = "qwen3tts",
     .hf = "Qwen3TTSForConditionalGeneration qwen3_tts qwen3_tts_talker",
     .source = "src/models/qwen3tts.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .pos = 4},
     .config = {.read = common_keys, .window_off = true},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "qwen3vl",
     .hf = "Qwen3VLForConditionalGeneration Qwen3ASRForConditionalGeneration qwen3_vl "
           "qwen3_vl_text qwen3_asr",
     .source = "src/models/qwen3vl.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .norm_weights = 1, .pos = 4},
     .config = {.read = read_deepstack,
                .classes = qwen3vl_classes,
                .window_off = true,
                .towers = qwen3vl_towers},
     .elsewhere = {.exllamav3 = "qwen3_vl",
                   .mlx_lm = {.plain = "qwen3_vl"},
                   .ollama_one_sequence = true}},
    {.gguf = "qwen3vlmoe",
     .hf = "Qwen3VLMoeForConditionalGeneration Qwen3OmniMoeForConditionalGeneration qwen3_vl_moe "
           "qwen3_vl_moe_text qwen3_omni_moe qwen3_omni_moe_text",
     .source = "src/models/qwen3vlmoe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .norm_weights = 1, .pos = 4},
     .config = {.read = read_deepstack,
                .classes = qwen3vlmoe_classes,
                .window_off = true,
                .towers = qwen3vlmoe_towers},
     .elsewhere = {.exllamav3 = "qwen3_vl_moe",
                   .mlx_lm = {.plain = "qwen3_vl_moe"},
                   .ollama_one_sequence = true}},
    {.gguf = "qwen4exp",
     .hf = "Qwen4ExpForConditionalGeneration Qwen4ExpForCausalLM qwen4_exp qwen4_exp_text qwen4exp",
     .source = "src/models/qwen4exp.cpp",
     .cache = {.memory = MemoryClass::hybrid_indexer,
               .recurrent = RecurrentRule::interval,
               .state = StateRule::mamba2,
               .indexer = IndexerRule::all,
               .rollback = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::delta_net_split,
                 .feed_forward = gated,
                 .qk_norm = QkNorm::shared,
                 .gate = AttentionGate::in_query,
                 .experts = {.shared_gate = true},
                 .output_norm = "",
                 .globals = qwen4_globals,
                 .layer = qwen4_layer},
     .graph = {.unknown = "no dry run to check it against"},
     .config = {.read = read_qwen4, .classes = qwen4exp_classes, .window_off = true},
     .elsewhere = {.vllm_f32_states = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::qwen{rows};

}  // namespace fitvram
