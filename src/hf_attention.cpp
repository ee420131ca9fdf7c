#include <algorithm>
#include <array>
#include <cmath>

#include "hf_families.hpp"
#include "hf_keys.hpp"
#include "malformed.hpp"

namespace fitvram {
namespace {

bool has_class(const HfReader& r, std::string_view name) {
  const auto words = r.architecture_words();
  return std::find(words.begin(), words.end(), name) != words.end();
}

PerLayer by_window(const std::vector<bool>& swa, std::uint32_t window, std::uint32_t full) {
  std::vector<std::uint32_t> values;
  for (const bool is_swa : swa) values.push_back(is_swa ? window : full);
  return values;
}

std::uint32_t four_times(std::uint32_t n) {
  return within_reason(std::uint64_t{n} * 4, "the feed-forward size");
}

// Feed-forward of the GPT-2 generation: n_inner, else four times the width.
void wide_ff(const HfReader&, Hparams& h) {
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void as_many_kv_heads(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = h.n_head;
}

void bloom(const HfReader& r, Hparams& h) {
  as_many_kv_heads(r, h);
  h.n_ctx_train = r.count_or("seq_length", *h.n_embd);
}

void chatglm(const HfReader& r, Hparams& h) {
  const bool shared = r.flag("multi_query_attention").value_or(true);
  if (const auto groups = r.count("multi_query_group_num"); groups && shared) h.n_head_kv = *groups;
  if (const auto n_ctx = r.count("seq_length")) h.n_ctx_train = n_ctx;
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void cohere(const HfReader& r, Hparams& h) {
  // max_position_embeddings is what the class allocates, not what the model was trained on.
  if (const auto n_ctx = r.count("model_max_length")) h.n_ctx_train = n_ctx;
}

void cohere2moe(const HfReader& r, Hparams& h) {
  const std::uint32_t wide = r.need("intermediate_size");
  h.n_ff_exp = wide;
  if (h.n_expert_shared) {
    h.n_ff_shexp =
        within_reason(std::uint64_t{wide} * *h.n_expert_shared, "the shared experts' size");
  }
  nextn(r, h);
}

std::uint32_t rounded_up(double n, std::uint32_t step) {
  return within_reason(static_cast<std::uint64_t>(std::ceil(n / step)) * step,
                       "the feed-forward size");
}

double multiplier(const HfReader& r, const nlohmann::json& value, std::string_view key) {
  const double factor = value.is_number() ? value.get<double>() : -1;
  if (factor < 0 || factor > 1000) {
    throw Malformed(ErrorCode::malformed, r.where(key),
                    "a feed-forward multiplier is " + value.dump());
  }
  return factor;
}

// Blocks found by architecture search (conversion/deci.py).
void deci(const HfReader& r, Hparams& h) {
  const auto* blocks = r.find("block_configs");
  if (blocks == nullptr) return;
  if (!blocks->is_array() || blocks->size() != *h.n_layer) {
    throw Malformed(ErrorCode::malformed, r.where("block_configs"),
                    "block_configs is not a list of " + std::to_string(*h.n_layer) + " layers");
  }
  const std::uint32_t n_head = h.n_head.max();
  std::vector<std::uint32_t> heads, kv, ff;
  for (const auto& block : *blocks) {
    const HfReader layer(block);
    const std::uint32_t group = layer.count_or("attention/n_heads_in_group", 0);
    const bool linear = layer.flag("attention/replace_with_linear").value_or(false);
    heads.push_back(group > 0 || linear ? n_head : 0);
    kv.push_back(group > 0 ? n_head / group : 0);
    const auto* mult = layer.find("ffn/ffn_mult");
    const double factor = mult != nullptr ? multiplier(r, *mult, "block_configs") : 0;
    const double wide = std::floor(2 * factor * *h.n_embd / 3);
    ff.push_back(rounded_up(wide, 256));
  }
  h.n_head = heads;
  h.n_head_kv = kv;
  h.n_ff = ff;
  h.head_dim_k = h.head_dim_v = n_head > 0 ? *h.n_embd / n_head : 0;
}

void ernie_moe(const HfReader& r, Hparams& h) {
  const std::uint32_t kv = h.n_head_kv.max();
  if (h.n_expert_shared && kv > 0) h.n_ff_shexp = r.need("intermediate_size") / kv;
}

void exaone4(const HfReader& r, Hparams& h) {
  if (has_class(r, "Exaone4_5_ForConditionalGeneration")) nextn(r, h);
}

void shared_as_wide(const HfReader& r, Hparams& h) {
  if (h.n_expert_shared && !h.n_ff_shexp) {
    h.n_ff_shexp = within_reason(std::uint64_t{h.n_ff_exp.max()} * *h.n_expert_shared,
                                 "the shared experts' size");
  }
  if (!h.n_layer_dense_lead) h.n_layer_dense_lead = r.count("first_last_k_dense_replace");
  nextn(r, h);
}

// conversion/falcon.py; the first generation shares one head whatever num_kv_heads says.
void falcon(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_ctx_train = 2048;
  const bool grouped = r.flag("new_decoder_architecture").value_or(false);
  if (grouped) {
    h.n_head_kv = r.per_layer("num_kv_heads n_head_kv num_key_value_heads");
  } else {
    h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
  }
}

void gemma3n(const HfReader& r, Hparams& h) {
  if (!r.has("layer_types")) r.missing("layer_types");
  if (!h.n_swa) h.n_swa = r.need("sliding_window");
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

// conversion/gemma.py, Gemma4Model
void gemma4(const HfReader& r, Hparams& h) {
  if (!r.has("layer_types")) r.missing("layer_types");
  h.swa_layers = window_layers(r, *h.n_layer);
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
  if (!r.flag("enable_moe_block").value_or(true)) h.n_expert.reset();
}

void glm4(const HfReader& r, Hparams& h) {
  if (has_class(r, "GlmOcrForConditionalGeneration")) nextn(r, h);
}

void granite(const HfReader&, Hparams& h) {
  h.head_dim_k.reset();
  h.head_dim_v.reset();
}

void granite_swa(const HfReader& r, Hparams& h) {
  granite(r, h);
  if (!h.n_swa) h.n_swa = 128;
  if (!h.swa_layers.empty()) return;
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back(i % 4 != 0);
}

void granite_switch(const HfReader& r, Hparams& h) {
  granite(r, h);
  h.n_layer = *h.n_layer - 1;
}

// One block of the file serves several times, each time with its own cache
// (conversion/hrm_text.py).
void hrm_text(const HfReader& r, Hparams& h) {
  const std::uint64_t n = std::uint64_t{r.count_or("num_layers_per_stack", *h.n_layer)} *
                          r.need("H_cycles") * (std::uint64_t{r.need("L_cycles")} + 1);
  if (n > 16384) {
    throw Malformed(ErrorCode::limit, r.where("H_cycles"), std::to_string(n) + " layers");
  }
  h.n_layer = static_cast<std::uint32_t>(n);
}

void hunyuan(const HfReader& r, Hparams& h) {
  if (r.word("rope_scaling/rope_type rope_scaling/type rope_parameters/rope_type "
             "rope_parameters/type") == "dynamic") {
    h.n_ctx_train = 256 * 1024;
  }
  if (h.n_expert && *h.n_expert <= 1) h.n_expert.reset();
}

void hunyuan_moe(const HfReader& r, Hparams& h) {
  hunyuan(r, h);
  h.n_ff_shexp = r.need("intermediate_size");
}

void laguna(const HfReader& r, Hparams& h) {
  if (r.has("num_attention_heads_per_layer")) {
    h.n_head = r.per_layer("num_attention_heads_per_layer");
  }
}

void llada(const HfReader& r, Hparams& h) {
  h.n_ctx_train = r.count_or("max_sequence_length", 4096);
}

// The class calls the experts' width intermediate_size (conversion/llama.py, Llama4Model).
void llama4(const HfReader& r, Hparams& h) {
  h.n_ff_exp = h.n_ff;
  if (const auto dense = r.count("intermediate_size_mlp")) h.n_ff = *dense;
}

// conversion/mimo.py: the file has three next-token-prediction blocks that the config leaves out.
void mimo2(const HfReader& r, Hparams& h) {
  const auto pattern = r.list("hybrid_layer_pattern");
  if (pattern.size() < *h.n_layer) r.missing("hybrid_layer_pattern");
  h.swa_layers.clear();
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back(pattern[i] == 1);
  append_nextn(h, 3);
  std::fill(h.swa_layers.end() - 3, h.swa_layers.end(), true);
  h.n_head_kv = by_window(h.swa_layers, r.need("swa_num_key_value_heads"), h.n_head_kv.max());
  h.head_dim_v = r.need("v_head_dim");
}

void minicpm3(const HfReader& r, Hparams& h) {
  h.kv_lora_rank = r.count("kv_lora_rank");
  h.head_dim_k = within_reason(
      std::uint64_t{r.need("qk_nope_head_dim")} + r.need("qk_rope_head_dim"), "the head size");
  h.head_dim_v.reset();
}

// Cross-attention layers look at the image and keep nothing per token of text.
void mllama(const HfReader& r, Hparams& h) {
  std::vector<std::uint32_t> kv(*h.n_layer,
                                h.n_head_kv.present() ? h.n_head_kv.max() : h.n_head.max());
  for (const auto layer : r.list("cross_attention_layers")) {
    if (layer < kv.size()) kv[layer] = 0;
  }
  h.n_head_kv = kv;
}

// Olmo 3 without layer_types: every fourth layer is full (conversion/olmo.py).
void olmo2(const HfReader&, Hparams& h) {
  if (h.n_swa.value_or(0) == 0 || !h.swa_layers.empty()) return;
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back((i + 1) % 4 != 0);
}

// conversion/openelm.py
void openelm(const HfReader& r, Hparams& h) {
  const auto* factors = r.find("ffn_multipliers");
  if (factors == nullptr || !factors->is_array()) {
    r.missing("ffn_multipliers");
  } else {
    const std::uint32_t step = std::max(1U, r.count_or("ffn_dim_divisor", 256));
    std::vector<std::uint32_t> ff;
    for (const auto& factor : *factors) {
      const double wide = multiplier(r, factor, "ffn_multipliers") * *h.n_embd;
      const double nearest = std::floor((wide + step / 2.0) / step) * step;
      ff.push_back(within_reason(
          static_cast<std::uint64_t>(nearest < 0.9 * wide ? nearest + step
                                                          : std::max<double>(nearest, step)),
          "the feed-forward size"));
    }
    h.n_ff = ff;
  }
}

// Absent and 0 say the same; the loader needs the key to tell Phi-4 from Phi-3 (conversion/phi.py).
void phi3(const HfReader&, Hparams& h) {
  if (!h.n_swa) h.n_swa = 0;
}

void plamo(const HfReader&, Hparams& h) {
  h.n_ctx_train = 4096;
  h.n_head_kv = 5;
}

void plamo3(const HfReader& r, Hparams& h) {
  if (const auto window = r.count("window_size sliding_window")) h.n_swa = window;
}

void plm(const HfReader& r, Hparams& h) {
  minicpm3(r, h);
  h.head_dim_v = r.need("v_head_dim");
}

void refact(const HfReader&, Hparams& h) {
  h.n_ff = rounded_up(std::floor(8.0 * *h.n_embd / 3), 256);
  h.n_head_kv = 1;
}

void smallthinker(const HfReader& r, Hparams& h) {
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

void starcoder(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
}

// conversion/step3.py, Step35Model: window layers have heads of their own, and layer_types covers
// the next-token-prediction blocks too.
void step35(const HfReader& r, Hparams& h) {
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

constexpr std::array families{HfFamily{"bailingmoe2", shared_as_wide},
                              HfFamily{"bloom", bloom},
                              HfFamily{"chatglm", chatglm},
                              HfFamily{"codeshell", wide_ff},
                              HfFamily{"cohere2moe", cohere2moe},
                              HfFamily{"command-r", cohere},
                              HfFamily{"deci", deci},
                              HfFamily{"ernie4_5-moe", ernie_moe},
                              HfFamily{"exaone-moe", shared_as_wide},
                              HfFamily{"exaone4", exaone4},
                              HfFamily{"falcon", falcon},
                              HfFamily{"gemma3n", gemma3n},
                              HfFamily{"gemma4", gemma4},
                              HfFamily{"glm4", glm4},
                              HfFamily{"glm4moe", nextn},
                              HfFamily{"gpt2", wide_ff},
                              HfFamily{"granite", granite},
                              HfFamily{"granite_swa", granite_swa},
                              HfFamily{"granitemoe", granite},
                              HfFamily{"graniteswitch", granite_switch},
                              HfFamily{"hrm_text", hrm_text},
                              HfFamily{"hunyuan-dense", hunyuan},
                              HfFamily{"hunyuan-moe", hunyuan_moe},
                              HfFamily{"hy_v3", shared_as_wide},
                              HfFamily{"laguna", laguna},
                              HfFamily{"llada", llada},
                              HfFamily{"llama4", llama4},
                              HfFamily{"mimo2", mimo2},
                              HfFamily{"minicpm3", minicpm3},
                              HfFamily{"mllama", mllama},
                              HfFamily{"mpt", wide_ff},
                              HfFamily{"olmo2", olmo2},
                              HfFamily{"openelm", openelm},
                              HfFamily{"phi2", as_many_kv_heads},
                              HfFamily{"phi3", phi3},
                              HfFamily{"phimoe", phi3},
                              HfFamily{"plamo", plamo},
                              HfFamily{"plamo3", plamo3},
                              HfFamily{"plm", plm},
                              HfFamily{"refact", refact},
                              HfFamily{"smallthinker", smallthinker},
                              HfFamily{"starcoder", starcoder},
                              HfFamily{"step35", step35}};
static_assert(std::is_sorted(families.begin(), families.end(), by_name));

}  // namespace

std::span<const HfFamily> attention_families() { return families; }

std::uint32_t within_reason(std::uint64_t n, std::string_view what) {
  if (n > std::uint64_t{1} << 31) {
    throw Malformed(ErrorCode::limit, "",
                    std::string(what) + " is " + std::to_string(n) + ", more than any model has");
  }
  return static_cast<std::uint32_t>(n);
}

void append_nextn(Hparams& h, std::uint32_t n) {
  if (n == 0) return;
  if (n > 64) {
    throw Malformed(ErrorCode::limit, "",
                    std::to_string(n) + " next-token-prediction layers, more than any model has");
  }
  h.n_layer = *h.n_layer + n;
  h.n_layer_nextn = n;
  if (!h.swa_layers.empty()) h.swa_layers.resize(*h.n_layer, false);
}

void nextn(const HfReader& r, Hparams& h) {
  append_nextn(h, r.count_or("num_nextn_predict_layers", 0));
}

}  // namespace fitvram
