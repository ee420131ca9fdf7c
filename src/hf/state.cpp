#include <algorithm>
#include <array>
#include <cmath>

#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "hf/families.hpp"
#include "hf/keys.hpp"

namespace fitvram {
namespace {

using Words = std::vector<std::string>;

// The converter writes this as the context of models that have no limit of their own.
constexpr std::uint32_t unlimited = std::uint32_t{1} << 20;

std::uint32_t ceil_div(std::uint32_t a, std::uint32_t b) { return a / b + (a % b != 0 ? 1 : 0); }

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// `value` on the layers whose word is one of `words`, 0 on the others.
PerLayer where_word(const Words& layers, std::uint32_t n_layer, std::uint32_t value,
                    std::initializer_list<std::string_view> words) {
  std::vector<std::uint32_t> values(n_layer, 0);
  for (std::uint32_t i = 0; i < n_layer; ++i) {
    if (is_one_of(layers[i], words)) values[i] = value;
  }
  return values;
}

Words needed_layer_words(const HfReader& r, const Hparams& h) {
  auto words = layer_words(r, *h.n_layer);
  if (words.empty()) {
    r.missing("layer_types hybrid_override_pattern layers_block_type");
  }
  words.resize(*h.n_layer);
  return words;
}

std::uint32_t kv_heads(const HfReader& r, const Hparams& h) {
  if (h.n_head_kv.present()) return h.n_head_kv.max();
  return h.n_head.present() ? h.n_head.max() : r.need("num_key_value_heads");
}

std::uint32_t inner_size(std::uint32_t a, std::uint32_t b) {
  return within_reason(std::uint64_t{a} * b, "the state's inner size");
}

// State sizes of a Mamba-2 mixer whose keys may carry a prefix (conversion/granite.py).
void mamba2_mixer(const HfReader& r, Hparams& h, std::uint32_t inner) {
  h.ssm_conv_kernel = r.need("conv_kernel mamba_d_conv");
  h.ssm_state_size = r.need("ssm_state_size mamba_d_state");
  h.ssm_group_count = r.need("n_groups mamba_n_groups");
  h.ssm_time_step_rank = r.need("mamba_num_heads mamba_n_heads");
  h.ssm_inner_size = inner;
}

void granite_hybrid(const HfReader& r, Hparams& h) {
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

// NemotronHPuzzle: the shape of every block is stated by itself (conversion/nemotron.py).
void nemotron_puzzle(const HfReader& r, Hparams& h) {
  const auto* blocks = r.find("block_configs");
  if (!blocks->is_array() || blocks->empty()) {
    throw Malformed(ErrorCode::malformed, r.where("block_configs"),
                    "block_configs is not a list of layers");
  }
  const std::uint32_t heads = kv_heads(r, h);
  std::vector<std::uint32_t> kv, ff, used;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const auto& block = (*blocks)[i];
    if (!block.is_object()) {
      throw Malformed(ErrorCode::malformed, r.where("block_configs") + "/" + std::to_string(i),
                      "a layer that is not an object");
    }
    const HfReader layer(block);
    const std::string kind = layer.word("block_type");
    kv.push_back(kind == "attention" || kind == "*" || kind == "full_attention" ? heads : 0);
    ff.push_back(layer.count_or("moe_intermediate_size", 0));
    used.push_back(layer.count_or("num_experts_per_tok", 0));
  }
  h.architecture = "nemotron_h_moe";
  h.n_layer = static_cast<std::uint32_t>(blocks->size());
  h.n_head_kv = kv;
  h.n_ff = ff;
  h.n_ff_exp = ff;
  h.n_expert_used = used;
  mamba2_mixer(r, h, inner_size(r.need("mamba_num_heads"), r.need("mamba_head_dim")));
  h.n_ctx_train = unlimited;
}

// conversion/nemotron.py; a block is one of Mamba, attention, feed-forward or experts.
void nemotron_h(const HfReader& r, Hparams& h) {
  if (r.has("block_configs")) return nemotron_puzzle(r, h);
  if (r.has("layers_block_type") && !r.has("hybrid_override_pattern")) {
    h.n_layer = static_cast<std::uint32_t>(r.words("layers_block_type").size());
  }
  auto words = needed_layer_words(r, h);
  const bool experts = r.has("num_experts_per_tok");
  if (experts) {
    h.architecture = "nemotron_h_moe";
    if (r.count_or("num_nextn_predict_layers", 0) > 0) {
      append_nextn(h, 1);
      words.emplace_back("attention and moe");
    }
  }
  const std::uint32_t n_layer = *h.n_layer;
  h.n_head_kv = where_word(words, n_layer, kv_heads(r, h),
                           {"*", "attention", "full_attention", "attention and moe"});
  const std::uint32_t n_ff = experts ? r.need("moe_intermediate_size") : h.n_ff.max();
  h.n_ff = where_word(words, n_layer, n_ff, {"-", "E", "mlp", "moe", "attention and moe"});
  mamba2_mixer(r, h, inner_size(r.need("mamba_num_heads"), r.need("mamba_head_dim")));
  h.n_ctx_train = unlimited;
}

// conversion/falcon_h1.py
void falcon_h1(const HfReader& r, Hparams& h) {
  const std::uint32_t head = r.need("mamba_d_head");
  const std::uint32_t inner = r.has("mamba_d_ssm")
                                  ? r.need("mamba_d_ssm")
                                  : inner_size(r.count_or("mamba_expand", 2), *h.n_embd);
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_state_size = r.count_or("mamba_d_state", 128);
  h.ssm_group_count = r.count_or("mamba_n_groups", 1);
  h.ssm_inner_size = inner;
  h.ssm_time_step_rank = head > 0 ? inner / head : 0;
}

std::uint32_t time_step_rank(const HfReader& r, std::string_view keys, std::uint32_t n_embd) {
  const auto* value = r.find(keys);
  const bool automatic = value == nullptr || value->is_string();
  return automatic ? ceil_div(n_embd, 16) : r.need(keys);
}

// conversion/mamba.py
void mamba(const HfReader& r, Hparams& h) {
  h.n_ctx_train = unlimited;
  h.n_head = 0;
  h.n_ff = 0;
  h.n_head_kv = {};
  h.head_dim_k.reset();
  h.head_dim_v.reset();
  h.n_rot.reset();
  h.ssm_conv_kernel = r.count_or("conv_kernel d_conv", 4);
  const bool second = h.architecture == "mamba2";
  h.ssm_state_size = r.count_or("state_size d_state", second ? 128 : 16);
  const std::uint32_t expand = second ? r.count_or("mamba_expand expand", 2) : 2;
  h.ssm_inner_size = r.has("mamba_d_ssm intermediate_size d_inner")
                         ? r.need("mamba_d_ssm intermediate_size d_inner")
                         : inner_size(expand, *h.n_embd);
  if (second) {
    const std::uint32_t head = r.count_or("mamba_d_head head_dim", 64);
    h.ssm_time_step_rank = head > 0 ? *h.ssm_inner_size / head : 0;
    h.ssm_group_count = r.count_or("n_groups", 1);
  } else {
    h.ssm_time_step_rank = time_step_rank(r, "time_step_rank dt_rank", *h.n_embd);
  }
}

// conversion/jamba.py
void jamba(const HfReader& r, Hparams& h) {
  const std::uint32_t period = r.need("attn_layer_period");
  const std::uint32_t offset = r.need("attn_layer_offset");
  std::vector<std::uint32_t> heads(*h.n_layer, 0);
  for (std::uint32_t i = offset; i < *h.n_layer && period > 0; i += period) {
    heads[i] = kv_heads(r, h);
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_inner_size = inner_size(r.count_or("mamba_expand", 2), *h.n_embd);
  h.ssm_state_size = r.count_or("mamba_d_state", 16);
  h.ssm_time_step_rank = time_step_rank(r, "mamba_dt_rank", *h.n_embd);
}

// conversion/plamo.py, Plamo2Model
void plamo2(const HfReader& r, Hparams& h) {
  const std::uint32_t step = r.count_or("mamba_step", 2);
  const std::uint32_t n_layer = *h.n_layer;
  std::vector<std::uint32_t> heads(n_layer, 0), kv(n_layer, 0);
  for (std::uint32_t i = 0; i < n_layer && step > 0; ++i) {
    const bool attention = n_layer <= step / 2 ? i + 1 == n_layer : i % step == step / 2;
    if (!attention && r.flag("mamba_enabled").value_or(true)) continue;
    heads[i] = r.count_or("num_attention_heads", 32);
    kv[i] = r.count_or("num_key_value_heads", 4);
  }
  h.n_head = heads;
  h.n_head_kv = kv;
  h.head_dim_k = h.head_dim_v = r.count_or("hidden_size_per_head", 128);
  h.ssm_state_size = r.count_or("mamba_d_state", 64);
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_time_step_rank = r.count_or("mamba_num_heads", 64);
  h.ssm_inner_size = inner_size(*h.ssm_time_step_rank, *h.head_dim_k);
  h.ssm_group_count = 0;
}

// conversion/lfm2.py
void lfm2(const HfReader& r, Hparams& h) {
  const std::uint32_t n_layer = *h.n_layer;
  const std::uint32_t heads = kv_heads(r, h);
  if (const auto words = layer_words(r, n_layer); !words.empty()) {
    h.n_head_kv = where_word(words, n_layer, heads, {"full_attention"});
  } else {
    const auto full = r.list("full_attn_idxs");
    if (full.empty()) r.missing("layer_types full_attn_idxs");
    std::vector<std::uint32_t> values(n_layer, 0);
    for (const auto i : full) {
      if (i < n_layer) values[i] = heads;
    }
    h.n_head_kv = values;
  }
  h.shortconv_l_cache = r.need("conv_L_cache");
  if (h.architecture != "lfm2" || !r.flag("block_auto_adjust_ff_dim").value_or(true)) return;
  const std::uint32_t wide = r.need("block_ff_dim intermediate_size");
  double n_ff = std::floor(2.0 * wide / 3.0);
  n_ff = std::floor(n_ff * r.number("block_ffn_dim_multiplier").value_or(1.0));
  const std::uint32_t step = std::max(1U, r.count_or("block_multiple_of", 256));
  if (n_ff < 1 || n_ff > 1e9) {
    throw Malformed(ErrorCode::malformed, r.where("block_ffn_dim_multiplier"),
                    "block_ffn_dim_multiplier gives no possible feed-forward size");
  }
  h.n_ff = within_reason(std::uint64_t{ceil_div(static_cast<std::uint32_t>(n_ff), step)} * step,
                         "the feed-forward size");
}

// Gated delta net layers (conversion/qwen.py, Qwen3NextModel).
void delta_net(const HfReader& r, Hparams& h) {
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
void qwen4(const HfReader& r, Hparams& h) {
  const std::uint32_t n_main = *h.n_layer;
  delta_net(r, h);
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

// Lightning attention; 1 in attn_type_list is softmax attention (MiniMax-Text-01 and M1).
void minimax01(const HfReader& r, Hparams& h) {
  const auto kinds = r.list("attn_type_list");
  if (kinds.size() >= *h.n_layer) {
    for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.recurrent_layers.push_back(kinds[i] == 0);
  }
  h.la_head_dim = h.head_dim_k;
}

void rwkv_ranks(const HfReader& r, Hparams& h) {
  if (h.architecture == "rwkv6qwen2") {
    h.time_mix_extra_dim = r.count("lora_rank_tokenshift");
    h.time_decay_extra_dim = r.count("lora_rank_decay");
  } else if (h.architecture == "arwkv7") {
    h.decay_lora_rank = h.iclr_lora_rank = 64;
    h.value_lora_rank = 32;
    h.gate_lora_rank = r.flag("wkv_has_gate").value_or(true) ? 128 : 0;
  } else if (h.architecture == "rwkv7") {
    h.decay_lora_rank = r.count("lora_rank_decay decay_low_rank_dim");
    h.iclr_lora_rank = r.count("lora_rank_iclr a_low_rank_dim");
    h.value_lora_rank = r.count("lora_rank_value_residual_mix v_low_rank_dim");
    h.gate_lora_rank = r.count("lora_rank_gate gate_low_rank_dim");
  }
}

// conversion/rwkv.py
void rwkv(const HfReader& r, Hparams& h) {
  const bool seventh = h.architecture == "rwkv7" || h.architecture == "arwkv7";
  if (h.architecture == "rwkv6qwen2") {
    h.wkv_head_size = h.n_head.max() > 0 ? *h.n_embd / h.n_head.max() : 0;
  } else {
    h.wkv_head_size = r.need("head_size head_dim");
    h.n_head_kv = {};
  }
  if (h.architecture == "rwkv6qwen2" || h.architecture == "arwkv7") h.token_shift_count = 1;
  rwkv_ranks(r, h);
  if (!h.n_ff.present()) {
    const std::uint64_t wide =
        seventh ? std::uint64_t{*h.n_embd} * 4 : std::uint64_t{*h.n_embd} * 7 / 2 / 32 * 32;
    h.n_ff = within_reason(wide, "the feed-forward size");
  }
  h.n_head = 0;
  h.head_dim_k.reset();
  h.head_dim_v.reset();
  h.n_rot.reset();
  h.n_ctx_train = unlimited;
}

constexpr std::array families{
    HfFamily{"arwkv7", rwkv},
    HfFamily{"falcon-h1", falcon_h1},
    HfFamily{"granitehybrid", granite_hybrid},
    HfFamily{"jamba", jamba},
    HfFamily{"lfm2", lfm2},
    HfFamily{"lfm2moe", lfm2},
    HfFamily{"mamba", mamba},
    HfFamily{"mamba2", mamba},
    HfFamily{"minimax-01", minimax01},
    HfFamily{"nemotron_h", nemotron_h},
    HfFamily{"nemotron_h_moe", nemotron_h},
    HfFamily{"plamo2", plamo2},
    HfFamily{"qwen35", delta_net},
    HfFamily{"qwen35moe", delta_net},
    HfFamily{"qwen3next", delta_net},
    HfFamily{"qwen4exp", qwen4},
    HfFamily{"rwkv6", rwkv},
    HfFamily{"rwkv6qwen2", rwkv},
    HfFamily{"rwkv7", rwkv},
};
static_assert(sorted_and_unique(families, &HfFamily::gguf));

}  // namespace

std::span<const HfFamily> state_families() { return families; }

}  // namespace fitvram
