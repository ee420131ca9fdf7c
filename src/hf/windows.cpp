#include <algorithm>
#include <array>

#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "hf/families.hpp"
#include "hf/keys.hpp"

namespace fitvram {
namespace {

bool has_class(const HfReader& r, std::string_view name) {
  const auto words = r.architecture_words();
  return std::find(words.begin(), words.end(), name) != words.end();
}

PerLayer by_window(const std::vector<bool>& swa, std::uint32_t window, std::uint32_t full) {
  std::vector<std::uint32_t> values;
  values.reserve(swa.size());
  for (const bool is_swa : swa) values.push_back(is_swa ? window : full);
  return values;
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

void granite_switch(const HfReader& r, Hparams& h) {
  granite(r, h);
  h.n_layer = *h.n_layer - 1;
}

void granite_swa(const HfReader& r, Hparams& h) {
  granite(r, h);
  if (!h.n_swa) h.n_swa = 128;
  if (!h.swa_layers.empty()) return;
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back(i % 4 != 0);
}

// conversion/laguna.py
void laguna(const HfReader& r, Hparams& h) {
  if (r.has("num_attention_heads_per_layer")) {
    h.n_head = r.per_layer("num_attention_heads_per_layer");
  }
  std::string gate = r.word("gating");
  if (const auto types = r.words("gating_types"); !types.empty()) gate = types.front();
  h.gate_per_value = gate == "per-element" || gate == "per_element";
  h.expert_gating_func = 2;
  h.expert_weights_norm = 1;
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

// Olmo 3 without layer_types: every fourth layer is full (conversion/olmo.py).
void olmo2(const HfReader&, Hparams& h) {
  if (h.n_swa.value_or(0) == 0 || !h.swa_layers.empty()) return;
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.swa_layers.push_back((i + 1) % 4 != 0);
}

// Absent and 0 say the same; the loader needs the key to tell Phi-4 from Phi-3 (conversion/phi.py).
void phi3(const HfReader&, Hparams& h) {
  if (!h.n_swa) h.n_swa = 0;
}

void plamo3(const HfReader& r, Hparams& h) {
  if (const auto window = r.count("window_size sliding_window")) h.n_swa = window;
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

constexpr std::array families{
    HfFamily{"bailingmoe2", shared_as_wide},
    HfFamily{"cohere2moe", cohere2moe},
    HfFamily{"exaone-moe", shared_as_wide},
    HfFamily{"exaone4", exaone4},
    HfFamily{"gemma3n", gemma3n},
    HfFamily{"gemma4", gemma4},
    HfFamily{"glm4", glm4},
    HfFamily{"glm4moe", nextn},
    HfFamily{"granite", granite},
    HfFamily{"granite_swa", granite_swa},
    HfFamily{"granitemoe", granite},
    HfFamily{"graniteswitch", granite_switch},
    HfFamily{"hy_v3", shared_as_wide},
    HfFamily{"laguna", laguna},
    HfFamily{"llama4", llama4},
    HfFamily{"mimo2", mimo2},
    HfFamily{"olmo2", olmo2},
    HfFamily{"phi3", phi3},
    HfFamily{"phimoe", phi3},
    HfFamily{"plamo3", plamo3},
    HfFamily{"smallthinker", smallthinker},
    HfFamily{"step35", step35},
};
static_assert(sorted_and_unique(families, &HfFamily::gguf));

}  // namespace

std::span<const HfFamily> window_families() { return families; }

}  // namespace fitvram
