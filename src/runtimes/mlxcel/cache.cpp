#include <algorithm>

#include "families/table.hpp"
#include "runtimes/mlxcel/rules.hpp"

namespace fitvram::mlxcel {

namespace {

constexpr std::uint64_t step = 256;  // KV_CACHE_ALLOC_STEP, hardware.rs

bool has_role(const Layer& layer, CacheRole role) {
  return std::any_of(layer.caches.begin(), layer.caches.end(),
                     [role](const CacheSlot& slot) { return slot.role == role; });
}

bool is_state(const Layer& layer) {
  return has_role(layer, CacheRole::conv_state) || has_role(layer, CacheRole::recurrent_state);
}

bool is_mamba(const std::string& type) {
  return type == "mamba" || type == "mamba2" || type == "falcon_mamba";
}

std::uint64_t count(const std::vector<bool>& layers) {
  return static_cast<std::uint64_t>(std::count(layers.begin(), layers.end(), true));
}

}  // namespace

Facts facts_of(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  Facts facts;
  facts.model_type = model.model_type;
  if (facts.model_type.empty()) {
    for (const char* type : {"mamba", "mamba2", "falcon_mamba"})
      if (model.architecture == type) facts.model_type = type;
    if (model.architecture == "deepseek2" && model.model_type.empty())
      facts.model_type = hp.expert_gating_func.value_or(0) == 2 ? "deepseek_v3" : "deepseek_v2";
    if (model.architecture == "deepseek32") facts.model_type = "deepseek_v32";
  }
  facts.n_layer = model.n_layer;
  facts.n_head = hp.n_head.max();
  facts.n_head_kv = hp.n_head_kv.max();
  // A config's head_dim is that of Gemma 4's window layers; the wider one has a key of its own.
  facts.head_dim = hp.head_dim_k_swa.value_or(hp.head_dim_k.value_or(0));
  if (hp.kv_lora_rank && hp.head_dim_k_mla) {
    facts.kv_lora_rank = hp.kv_lora_rank;
    facts.qk_rope = hp.n_rot.value_or(64);
    facts.qk_nope = *hp.head_dim_k_mla - std::min<std::uint64_t>(*hp.head_dim_k_mla, facts.qk_rope);
    facts.v_head = hp.head_dim_v_mla.value_or(128);
  }
  const std::size_t n = std::min<std::size_t>(model.n_layer, model.layers.size());
  const bool hybrid = std::any_of(model.layers.begin(), model.layers.end(), is_state);
  for (std::size_t i = 0; i < n && hybrid; ++i)
    facts.attention.push_back(has_role(model.layers[i], CacheRole::kv) ||
                              has_role(model.layers[i], CacheRole::latent));
  if (hp.full_attention_interval)
    for (const std::uint32_t i : hp.mlp_only_layers)
      if (i < facts.attention.size()) facts.attention[i] = false;
  for (std::size_t i = 0; i < n && has_window(model) && mlxcel_honours_window(model); ++i) {
    const auto& caches = model.layers[i].caches;
    const auto window = std::find_if(caches.begin(), caches.end(), [](const CacheSlot& slot) {
      return slot.growth == Growth::sliding || slot.growth == Growth::chunked;
    });
    facts.sliding.push_back(window != caches.end());
    if (window != caches.end()) facts.n_swa = window->span;
  }
  return facts;
}

std::vector<CacheTerm> cache_terms(const Facts& facts, std::uint64_t n_ctx, const TensorType& type,
                                   std::uint64_t n_seq) {
  const std::uint64_t full = round_up(n_ctx, step);
  const std::uint64_t windowed = std::min(full, round_up(facts.n_swa, step));
  const std::uint64_t row = sat_mul(2, sat_mul(facts.n_head_kv, facts.head_dim));
  std::vector<CacheTerm> terms;
  const auto add = [&](std::uint64_t n_layer, CacheRole role, bool window, std::uint64_t width) {
    if (n_layer == 0 || width == 0) return;
    CacheTerm term;
    term.role = role;
    term.growth = window ? Growth::sliding : Growth::full;
    term.span = window ? facts.n_swa : 0;
    term.n_layer = static_cast<std::uint32_t>(std::min<std::uint64_t>(n_layer, UINT32_MAX));
    term.n_seq = n_seq;
    term.cells = window ? windowed : full;
    term.width = width;
    term.type = &type;
    terms.push_back(term);
  };
  if (is_mamba(facts.model_type)) return terms;
  if (facts.kv_lora_rank) {
    const std::string& name = facts.model_type;
    const bool latent = name.find("v3") != std::string::npos;  // v32 too
    const std::uint64_t heads = sat_mul(facts.n_head, facts.qk_nope + facts.qk_rope + facts.v_head);
    add(facts.n_layer, latent ? CacheRole::latent : CacheRole::kv, false,
        latent ? *facts.kv_lora_rank + facts.qk_rope : heads);
  } else if (!facts.attention.empty()) {
    add(count(facts.attention), CacheRole::kv, facts.n_swa != 0, row);
  } else if (facts.n_swa != 0) {
    const std::uint64_t n_sliding = count(facts.sliding);
    add(facts.n_layer - std::min(facts.n_layer, n_sliding), CacheRole::kv, false, row);
    add(n_sliding, CacheRole::kv, true, row);
  } else {
    add(facts.n_layer, CacheRole::kv, false, row);
  }
  return terms;
}

}  // namespace fitvram::mlxcel
