#include "model/layers.hpp"

#include <algorithm>
#include <string>

#include "base/limits.hpp"
#include "base/malformed.hpp"

namespace fitvram {
namespace {

constexpr std::uint64_t max_row = UINT32_MAX;

std::string key_of(const ModelInfo& model, const std::string& key) {
  return "key '" + model.architecture.substr(0, 64) + "." + key + "'";
}

[[noreturn]] void invalid(const ModelInfo& model, const std::string& key, const std::string& what) {
  throw Malformed(ErrorCode::malformed, key_of(model, key), what,
                  "the file is damaged: download or convert it again");
}

[[noreturn]] void missing(const ModelInfo& model, const std::string& key) {
  const bool gguf = model.format == ModelFormat::gguf;
  throw Malformed(ErrorCode::missing_field, key_of(model, key),
                  "missing, and the cache cannot be computed without it",
                  gguf ? "convert the model again, or download the file again"
                       : "use the model's complete config.json");
}

/// The value of a key that must be there and not 0.
std::uint32_t positive(const ModelInfo& model, const Hparams::U32& value, const std::string& key) {
  if (!value) missing(model, key);
  if (*value == 0) invalid(model, key, "is 0");
  return *value;
}

/// a * b values of a cache row, at most 2^32 - 1.
std::uint32_t product(const ModelInfo& model, std::uint64_t a, std::uint64_t b) {
  const auto n = sat_mul(a, b);
  if (n > max_row)
    throw Malformed(ErrorCode::limit, key_of(model, "attention"),
                    "a cache row of more than 2^32 values",
                    "no real model is this large: the file is damaged");
  return static_cast<std::uint32_t>(n);
}

[[noreturn]] void wrong_length(const ModelInfo& model, const Layout& at, std::size_t size,
                               const std::string& key) {
  invalid(model, key,
          "has " + std::to_string(size) + " values for " + std::to_string(at.n_all) + " blocks");
}

void check_length(const ModelInfo& model, const Layout& at, std::size_t size,
                  const std::string& key) {
  if (size < at.n_trunk || size > at.n_all) wrong_length(model, at, size, key);
}

void check_lengths(const ModelInfo& model, const Layout& at) {
  const auto& hp = model.hparams;
  const std::pair<const PerLayer*, const char*> lists[] = {
      {&hp.n_head, "attention.head_count"},     {&hp.n_head_kv, "attention.head_count_kv"},
      {&hp.n_ff, "feed_forward_length"},        {&hp.n_ff_exp, "expert_feed_forward_length"},
      {&hp.n_expert_used, "expert_used_count"},
  };
  for (const auto& [list, key] : lists)
    if (list->values.size() > 1) check_length(model, at, list->values.size(), key);
  if (at.rule.memory == MemoryClass::dsv4) {
    if (hp.compress_ratios.empty()) missing(model, "attention.compress_ratios");
    if (hp.compress_ratios.size() < at.n_all)
      wrong_length(model, at, hp.compress_ratios.size(), "attention.compress_ratios");
  }
  if (!hp.recurrent_layers.empty())
    check_length(model, at, hp.recurrent_layers.size(), "attention.recurrent_layers");
  if (!hp.indexer_layers.empty())
    check_length(model, at, hp.indexer_layers.size(), "attention.indexer.types");
  // The loader takes a pattern of any length, so only one that leaves layers open is refused.
  if (!hp.swa_layers.empty() && hp.swa_layers.size() < at.n_trunk)
    wrong_length(model, at, hp.swa_layers.size(), "attention.sliding_window_pattern");
}

std::vector<bool> period_layers(const Layout& at, std::uint32_t period, bool first_full) {
  std::vector<bool> swa(at.n_all, false);
  for (std::uint32_t i = 0; i < at.n_trunk; ++i)
    swa[i] = period == 0 || (first_full ? i % period != 0 : i % period < period - 1);
  return swa;
}

std::uint32_t window_of(const ModelInfo& model, const Layout& at) {
  const auto& rule = at.rule.window;
  const auto& stated = model.hparams.n_swa;
  if (rule.only_n_layer != 0 && rule.only_n_layer != at.n_trunk) return 0;
  if (rule.required && !stated) missing(model, "attention.sliding_window");
  if (stated && *stated == 0) return 0;
  switch (rule.kind) {
    case WindowRule::Kind::none:
      return stated.value_or(0);
    case WindowRule::Kind::key:
      return stated.value_or(rule.size);
    case WindowRule::Kind::fixed:
      return stated || rule.if_absent ? rule.size : 0;
  }
  return 0;
}

void resolve_window(ModelInfo& model, Layout& at) {
  auto& hp = model.hparams;
  const auto& rule = at.rule.window;
  at.n_swa = window_of(model, at);
  at.swa.assign(at.n_all, false);
  if (at.n_swa != 0) {
    const bool all =
        rule.all_attention || (rule.all_if_hyper && hp.hyper_connections.value_or(0) > 0);
    const auto period = hp.swa_period.value_or(rule.period);
    if (all) {
      for (std::uint32_t i = 0; i < at.n_all; ++i)
        at.swa[i] = (i < at.n_trunk && !at.recurrent[i]) || at.rule.memory == MemoryClass::dsv4 ||
                    rule.all_if_hyper;
    } else if (!hp.swa_layers.empty()) {
      for (std::uint32_t i = 0; i < at.n_all && i < hp.swa_layers.size(); ++i)
        at.swa[i] = hp.swa_layers[i];
    } else if (rule.kind != WindowRule::Kind::none && period == 0 && !hp.swa_period) {
      missing(model, "attention.sliding_window_pattern");
    } else {
      at.swa = period_layers(at, period, rule.first_full);
    }
  } else if (rule.kind == WindowRule::Kind::key && !hp.n_swa && rule.size == 0 &&
             window_hint(model.architecture).window != 0) {
    model.notes.push_back({Severity::info, "window-missing",
                           "the file states no sliding window although " + model.architecture +
                               " models have one: every layer is full"});
  }
  hp.n_swa = at.n_swa;
  hp.swa_layers = at.n_swa != 0 ? at.swa : std::vector<bool>{};
}

void resolve_recurrent(ModelInfo& model, Layout& at) {
  auto& hp = model.hparams;
  at.recurrent.assign(at.n_all, false);
  const auto interval = hp.full_attention_interval.value_or(at.rule.interval);
  const bool by_interval = at.rule.recurrent == RecurrentRule::interval;
  if (by_interval && interval == 0 && hp.recurrent_layers.empty())
    invalid(model, "full_attention_interval", "is 0");
  for (std::uint32_t i = 0; i < at.n_trunk; ++i) {
    switch (at.rule.recurrent) {
      case RecurrentRule::none:
        break;
      case RecurrentRule::all:
        at.recurrent[i] = true;
        break;
      case RecurrentRule::no_kv_heads:
        at.recurrent[i] = hp.n_head_kv.at(i) == 0;
        break;
      case RecurrentRule::no_kv_heads_no_ff:
        at.recurrent[i] = hp.n_head_kv.at(i) == 0 && hp.n_ff.at(i) == 0;
        break;
      case RecurrentRule::interval:
        at.recurrent[i] =
            hp.recurrent_layers.empty() ? (i + 1) % interval != 0 : bool{hp.recurrent_layers[i]};
        break;
    }
  }
  if (by_interval) hp.recurrent_layers = at.recurrent;
}

// The layers of GLM-5.2 that own an indexer, for files that do not list them.
bool glm_indexer(std::uint32_t i) { return i < 2 || (i < 78 && (i - 2) % 4 == 0); }

void resolve_indexer(ModelInfo& model, Layout& at) {
  auto& hp = model.hparams;
  auto rule = at.rule.indexer;
  at.indexer.assign(at.n_all, false);
  if (rule == IndexerRule::if_top_k) {
    if (hp.indexer_top_k.value_or(0) == 0) return;
    rule = IndexerRule::listed;
  }
  if (rule == IndexerRule::none) return;
  positive(model, hp.indexer_head_dim, "attention.indexer.key_length");
  if (rule == IndexerRule::listed && hp.indexer_layers.empty())
    missing(model, "attention.indexer.types");
  for (std::uint32_t i = 0; i < at.n_all; ++i) {
    const bool listed = i < hp.indexer_layers.size() && hp.indexer_layers[i];
    switch (rule) {
      case IndexerRule::none:
      case IndexerRule::if_top_k:
        break;
      case IndexerRule::all:
        at.indexer[i] = true;
        break;
      case IndexerRule::after_dense_lead:
        at.indexer[i] = i >= hp.n_layer_dense_lead.value_or(0);
        break;
      case IndexerRule::listed:
        at.indexer[i] = listed;
        break;
      case IndexerRule::listed_or_glm:
        at.indexer[i] = !hp.indexer_layers.empty()                 ? listed
                        : hp.n_ctx_train.value_or(0) < (1U << 20U) ? true
                                                                   : glm_indexer(i);
        break;
    }
  }
}

void resolve_heads(ModelInfo& model, Layout& at) {
  auto& hp = model.hparams;
  if (!hp.n_head_kv.present()) hp.n_head_kv = hp.n_head;
  at.mla = at.rule.mla && hp.head_dim_k_mla.value_or(0) > 0;
  // The converter writes one latent head; a config keeps the count of the uncompressed heads.
  if (at.mla && model.format != ModelFormat::gguf)
    for (auto& n : hp.n_head_kv.values) n = std::min(n, 1U);
}

void resolve_head_dims(ModelInfo& model, Layout& at) {
  auto& hp = model.hparams;
  bool needed = false;
  for (std::uint32_t i = 0; i < at.n_all; ++i) {
    if (!has_attention(at, hp, i)) continue;
    needed = true;
    if (hp.n_head_kv.at(i) > hp.n_head.at(i))
      invalid(model, "attention.head_count_kv",
              "more key-value heads (" + std::to_string(hp.n_head_kv.at(i)) + ") than heads (" +
                  std::to_string(hp.n_head.at(i)) + ")");
  }
  needed = needed || at.rule.state == StateRule::linear_attention;
  if (needed && !hp.n_head.present()) missing(model, "attention.head_count");
  if (needed && hp.n_head.max() == 0) invalid(model, "attention.head_count", "is 0");

  if (at.mla && !hp.head_dim_k && hp.kv_lora_rank && hp.n_rot)
    hp.head_dim_k = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{*hp.kv_lora_rank} + *hp.n_rot, UINT32_MAX));
  if (at.mla && !hp.head_dim_k && needed) missing(model, "attention.key_length");
  if (needed && (!hp.head_dim_k || (!hp.head_dim_v && !at.mla))) {
    const auto n_embd = positive(model, hp.n_embd, "embedding_length");
    if (hp.n_head.at(0) == 0) missing(model, "attention.key_length");
    const auto dim = n_embd / hp.n_head.at(0);
    if (!hp.head_dim_k) hp.head_dim_k = dim;
    if (!hp.head_dim_v) hp.head_dim_v = dim;
  }
  if (!hp.head_dim_v && hp.n_embd && hp.n_head.at(0) != 0)
    hp.head_dim_v = *hp.n_embd / hp.n_head.at(0);
  if (needed && *hp.head_dim_k == 0) invalid(model, "attention.key_length", "is 0");
  if (needed && !at.mla && *hp.head_dim_v == 0) invalid(model, "attention.value_length", "is 0");
  if (!hp.head_dim_k_swa) hp.head_dim_k_swa = hp.head_dim_k;
  if (!hp.head_dim_v_swa) hp.head_dim_v_swa = hp.head_dim_v;
  if (!hp.n_rot) hp.n_rot = hp.head_dim_k;
}

std::uint32_t first_shared(const ModelInfo& model, const Layout& at) {
  const auto shared = model.hparams.shared_kv_layers.value_or(0);
  if (at.rule.kv_from_start != 0) return std::min(at.rule.kv_from_start, at.n_all);
  if (!at.rule.shared_kv || shared == 0 || at.rule.memory == MemoryClass::none) return at.n_all;
  if (shared >= at.n_all || at.n_all - shared < 2)
    invalid(model, "attention.shared_kv_layers",
            "is " + std::to_string(shared) + " of " + std::to_string(at.n_all) +
                " blocks; at least two must own a cache");
  return at.n_all - shared;
}

const char* architecture_place(const ModelInfo& model) {
  return model.format == ModelFormat::gguf ? "key 'general.architecture'" : "key 'model_type'";
}

[[noreturn]] void undetermined(const ModelInfo& model, const std::string& why) {
  throw Malformed(ErrorCode::unsupported, architecture_place(model),
                  "unknown architecture '" + model.architecture.substr(0, 64) + "' with " + why +
                      ": its cache cannot be derived from the file",
                  "fitvram knows the architectures of llama.cpp v0.5.0");
}

// What the facts alone determine: uniform attention, windows with their layers listed, one latent.
CacheRule assumed_rule(ModelInfo& model) {
  auto& hp = model.hparams;
  if (hp.ssm_state_size || hp.ssm_inner_size || hp.ssm_conv_kernel || hp.wkv_head_size ||
      hp.kda_head_dim || hp.la_head_dim || hp.shortconv_l_cache)
    undetermined(model, "recurrent layers");
  if (!hp.recurrent_layers.empty() || hp.full_attention_interval)
    undetermined(model, "recurrent layers");
  if (hp.indexer_head_dim || hp.indexer_n_head || !hp.indexer_layers.empty())
    undetermined(model, "a sparse-attention indexer");
  if (!hp.compress_ratios.empty()) undetermined(model, "compressed attention");
  if (hp.shared_kv_layers.value_or(0) > 0) undetermined(model, "layers that share a cache");
  if (hp.num_loops.value_or(1) > 1) undetermined(model, "blocks that run several times");
  if (std::ranges::find(hp.n_head_kv.values, 0U) != hp.n_head_kv.values.end())
    undetermined(model, "layers without key-value heads");
  if (hp.n_chunk.value_or(0) > 0) undetermined(model, "chunked attention");
  if (hp.n_swa.value_or(0) > 0 && hp.swa_layers.empty() && !hp.swa_period)
    undetermined(model, "a sliding window on unstated layers");

  CacheRule rule;
  if (hp.n_swa.value_or(0) > 0) rule.window = {.kind = WindowRule::Kind::key};
  if (hp.kv_lora_rank.value_or(0) > 0) {
    rule.mla = true;
    if (!hp.head_dim_k_mla) hp.head_dim_k_mla = hp.head_dim_k.value_or(1);
    const auto n_rot = positive(model, hp.n_rot, "rope.dimension_count");
    hp.head_dim_k = product(model, 1, std::uint64_t{*hp.kv_lora_rank} + n_rot);
    hp.n_head_kv = 1;
  }
  model.layout = Provenance::assumed;
  model.notes.push_back({Severity::warning, "unknown-architecture",
                         "architecture '" + model.architecture.substr(0, 64) +
                             "' is not one of llama.cpp v0.5.0: its cache is computed from heads, "
                             "windows and latent ranks alone"});
  return rule;
}

/// The row of the model's architecture, which it is then called by; nullptr when it has none.
const Family* find_row(ModelInfo& model) {
  auto& hp = model.hparams;
  const Family* row = find_family(hp.architecture);
  if (row != nullptr && model.format != ModelFormat::gguf) row = &refine(*row, hp);
  model.known_architecture = row != nullptr;
  if (row != nullptr) hp.architecture = row->gguf;
  model.architecture = hp.architecture;
  if (row != nullptr && row->load.projector)
    throw Malformed(ErrorCode::unsupported, architecture_place(model),
                    "a multimodal projector, not a language model",
                    "give the file of the language model it belongs to");
  return row;
}

void check_repeats(const ModelInfo& model, const Layout& at) {
  const auto& hp = model.hparams;
  if (at.rule.repeats == Repeats::all && hp.num_loops &&
      sat_mul(positive(model, hp.num_loops, "num_loops"), at.n_all) > most_blocks)
    throw Malformed(ErrorCode::limit, key_of(model, "num_loops"),
                    "more than " + std::to_string(most_blocks) + " blocks in all",
                    "no real model is this large: the file is damaged");
  if (at.rule.repeats != Repeats::stacks) return;
  const std::uint64_t stack = positive(model, hp.n_layer_per_stack, "hrm.layers_per_stack");
  const std::uint64_t cycle = stack * (positive(model, hp.n_l_cycle, "hrm.l_cycles") + 1ULL);
  if (at.n_all % cycle != 0)
    invalid(model, "block_count",
            "is " + std::to_string(at.n_all) + ", which is no multiple of the " +
                std::to_string(cycle) + " blocks of a cycle");
}

}  // namespace

bool has_attention(const Layout& at, const Hparams& hp, std::uint32_t i) {
  const bool trunk = i < at.n_trunk;
  switch (at.rule.memory) {
    case MemoryClass::none:
    case MemoryClass::recurrent:
      return false;
    // A file of nothing but next-token-prediction blocks (a draft model) runs them as its trunk.
    case MemoryClass::attention:
      return (trunk || at.n_trunk == 0) && i < at.n_kv;
    case MemoryClass::hybrid:
    case MemoryClass::hybrid_indexer:
      if (at.rule.recurrent == RecurrentRule::interval && !trunk) return false;
      if (at.rule.recurrent == RecurrentRule::no_kv_heads_no_ff && hp.n_ff.at(i) != 0) return false;
      return !at.recurrent[i];
    case MemoryClass::dsa:
    case MemoryClass::dsa_window:
      return trunk;
    case MemoryClass::parallel_hybrid:
    case MemoryClass::msa:
    case MemoryClass::dsv4:
      return true;
  }
  return false;
}

Layout layout_of(ModelInfo& model) {
  auto& hp = model.hparams;
  model.architecture = hp.architecture;
  Layout at;
  at.n_all = positive(model, hp.n_layer, "block_count");
  if (at.n_all > most_blocks)
    throw Malformed(
        ErrorCode::limit, key_of(model, "block_count"),
        std::to_string(at.n_all) + " blocks; no model has more than " + std::to_string(most_blocks),
        "the file is damaged: download or convert it again");
  const auto nextn = hp.n_layer_nextn.value_or(0);
  if (nextn > at.n_all)
    invalid(model, "nextn_predict_layers",
            "is " + std::to_string(nextn) + " of " + std::to_string(at.n_all) + " blocks");
  at.n_trunk = at.n_all - nextn;
  const Family* row = find_row(model);
  at.rule = row != nullptr ? row->cache : assumed_rule(model);
  check_lengths(model, at);
  check_repeats(model, at);
  at.n_kv = first_shared(model, at);
  resolve_heads(model, at);
  resolve_recurrent(model, at);
  resolve_window(model, at);
  resolve_indexer(model, at);
  resolve_head_dims(model, at);
  if (at.rule.state == StateRule::linear_attention && !hp.la_head_dim)
    hp.la_head_dim = hp.head_dim_k;
  if (!hp.n_embd_per_layer && row != nullptr && row->load.n_embd_per_layer != 0)
    hp.n_embd_per_layer = row->load.n_embd_per_layer;
  return at;
}

namespace {

constexpr std::uint32_t csa_ratio = 4;  // DeepSeek-V4's two compressions
constexpr std::uint32_t hca_ratio = 128;

CacheSlot slot(const ModelInfo& model, CacheRole role, Growth growth, std::uint32_t span,
               HeadShape shape) {
  product(model, shape.n_head_kv, shape.dim_k);
  product(model, shape.n_head_kv, shape.dim_v);
  return {role, growth, span, shape};
}

void add_attention(const ModelInfo& model, const Layout& at, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto heads = hp.n_head_kv.at(i);
  const bool window = at.swa[i];
  // Layers whose window the loader ignores keep the head size of full attention.
  const bool swa_dims = window && at.rule.window.kind != WindowRule::Kind::none;
  const auto dim_k = (swa_dims ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
  const auto dim_v = (swa_dims ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
  const auto growth = !window                  ? Growth::full
                      : at.rule.window.chunked ? Growth::chunked
                                               : Growth::sliding;
  const auto span = window ? at.n_swa : 0;
  const bool k_only = at.mla || at.rule.memory == MemoryClass::dsv4;

  if (heads != 0) {
    const auto role = at.mla ? CacheRole::latent : CacheRole::kv;
    const auto own = slot(model, role, growth, span, {heads, dim_k, k_only ? 0 : dim_v});
    layer.caches.push_back(own);
  }
  if (at.indexer[i] && at.rule.memory != MemoryClass::dsv4) {
    // The indexer cache is an ordinary cache with one head, so without MLA it has a V that nothing
    // reads; qwen4exp's alone is made K-only.
    const bool no_v = k_only || at.rule.memory == MemoryClass::hybrid_indexer;
    const auto width = swa_dims ? dim_k : *hp.indexer_head_dim;
    layer.caches.push_back(
        slot(model, CacheRole::indexer, Growth::full, 0, {1, width, no_v ? 0 : dim_v}));
  }
}

void add_compressed(const ModelInfo& model, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto ratio = hp.compress_ratios[i];
  if (ratio != csa_ratio && ratio != hca_ratio) return;
  const auto dim = hp.head_dim_k_swa.value_or(0);
  const auto heads = hp.n_head_kv.at(i);
  const auto add = [&](CacheRole role, Growth growth, std::uint32_t span, HeadShape shape) {
    layer.caches.push_back(slot(model, role, growth, span, shape));
  };
  if (heads != 0) add(CacheRole::kv, Growth::strided, ratio, {heads, dim, 0});
  if (ratio == hca_ratio) {
    add(CacheRole::compressor_state, Growth::constant, 0, {hca_ratio, dim, dim});
    return;
  }
  const auto index = *hp.indexer_head_dim;
  add(CacheRole::indexer, Growth::strided, ratio, {1, index, 0});
  for (const auto width : {dim, index}) {
    const auto pair = product(model, 2, width);
    add(CacheRole::compressor_state, Growth::constant, 0, {2 * csa_ratio, pair, pair});
  }
}

struct StateSize {
  std::uint32_t n_r = 0;
  std::uint32_t n_s = 0;
};

StateSize state_size(const ModelInfo& model, const Layout& at) {
  const auto& hp = model.hparams;
  const auto n_head = [&] {
    if (!hp.n_head.present()) missing(model, "attention.head_count");
    return hp.n_head.at(0);
  };
  switch (at.rule.state) {
    case StateRule::none:
      return {};
    case StateRule::mamba:
    case StateRule::mamba2: {
      const auto kernel = positive(model, hp.ssm_conv_kernel, "ssm.conv_kernel");
      const auto inner = positive(model, hp.ssm_inner_size, "ssm.inner_size");
      const auto state = positive(model, hp.ssm_state_size, "ssm.state_size");
      std::uint64_t width = inner;
      if (at.rule.state == StateRule::mamba2) {
        if (!hp.ssm_group_count) missing(model, "ssm.group_count");
        width = sat_add(width, sat_mul(sat_mul(2, *hp.ssm_group_count), state));
      }
      return {product(model, kernel - 1, width), product(model, state, inner)};
    }
    case StateRule::wkv: {
      const auto head = positive(model, hp.wkv_head_size, "wkv.head_size");
      const auto n_embd = positive(model, hp.n_embd, "embedding_length");
      return {product(model, hp.token_shift_count.value_or(2), n_embd),
              product(model, n_embd, head)};
    }
    case StateRule::shortconv: {
      const auto taps = positive(model, hp.shortconv_l_cache, "shortconv.l_cache");
      return {product(model, positive(model, hp.n_embd, "embedding_length"), taps - 1), 0};
    }
    case StateRule::kda: {
      if (!hp.ssm_conv_kernel) missing(model, "ssm.conv_kernel");
      const auto dim = positive(model, hp.kda_head_dim, "kda.head_dim");
      const auto taps = *hp.ssm_conv_kernel > 0 ? *hp.ssm_conv_kernel - 1 : 3;
      const auto inner = product(model, n_head(), dim);
      return {product(model, sat_mul(3, taps), inner), product(model, dim, inner)};
    }
    case StateRule::linear_attention: {
      const auto dim = hp.la_head_dim.value_or(hp.head_dim_k.value_or(0));
      return {0, product(model, dim, product(model, dim, n_head()))};
    }
  }
  return {};
}

void add_state(const ModelInfo& model, const StateSize& size, std::uint32_t i, Layer& layer) {
  const auto& hp = model.hparams;
  const auto add = [&](CacheRole role, std::uint32_t n) {
    if (n != 0) layer.caches.push_back(slot(model, role, Growth::constant, 0, {1, n, 0}));
  };
  add(CacheRole::conv_state, size.n_r);
  add(CacheRole::recurrent_state, size.n_s);
  if (std::ranges::find(hp.ple_layers, i) == hp.ple_layers.end()) return;
  const auto kernel = positive(model, hp.ple_conv_kernel, "ple.conv_kernel");
  const auto ngram = positive(model, hp.ple_ngram_size, "ple.ngram_size");
  const auto hyper = positive(model, hp.hyper_connections, "hyper_connection.count");
  const auto n_embd = positive(model, hp.n_embd, "embedding_length");
  add(CacheRole::conv_state, product(model, sat_mul(kernel - 1, ngram), sat_mul(hyper, n_embd)));
}

LayerKind kind_of(const Layout& at, const Layer& layer, std::uint32_t i) {
  if (i >= at.n_trunk) return LayerKind::nextn;
  if (at.rule.memory == MemoryClass::none)
    return at.rule.shared_kv ? LayerKind::shared_kv : LayerKind::attention;
  if (i >= at.n_kv) return LayerKind::shared_kv;
  if (layer.caches.empty()) return LayerKind::feed_forward;
  const auto& first = layer.caches.front();
  if (at.recurrent[i])
    return first.growth == Growth::constant ? LayerKind::recurrent : LayerKind::hybrid;
  if (first.growth == Growth::chunked) return LayerKind::chunked;
  if (first.growth == Growth::sliding) return LayerKind::sliding;
  return first.role == CacheRole::latent ? LayerKind::latent : LayerKind::attention;
}

void add_notes(ModelInfo& model, const Layout& at) {
  if (at.rule.memory != MemoryClass::none) return;
  model.notes.push_back(
      at.rule.shared_kv
          ? Note{Severity::info, "shared-cache",
                 "a draft model that reads the cache of its target: it has none of its own"}
          : Note{Severity::info, "no-cache",
                 model.architecture + " models have no cache: they see the whole text at once"});
}

}  // namespace

void lower_layers(ModelInfo& model) {
  const auto at = layout_of(model);
  const auto& hp = model.hparams;
  const bool stateful = std::ranges::find(at.recurrent, true) != at.recurrent.end();
  const auto state = stateful ? state_size(model, at) : StateSize{};
  const std::uint32_t n_run = at.rule.repeats == Repeats::all ? hp.num_loops.value_or(1) : 1;
  model.n_layer = at.n_trunk * n_run;
  model.n_ctx_train = hp.n_ctx_train.value_or(0);
  model.layers.assign(at.n_all, {});
  for (std::uint32_t i = 0; i < at.n_all; ++i) {
    auto& layer = model.layers[i];
    if (has_attention(at, hp, i)) add_attention(model, at, i, layer);
    if (at.rule.memory == MemoryClass::dsv4) add_compressed(model, i, layer);
    if (at.recurrent[i]) add_state(model, state, i, layer);
    layer.kind = kind_of(at, layer, i);
  }
  model.layers.reserve(std::size_t{n_run} * at.n_all);
  for (std::size_t i = at.n_all; i < std::size_t{n_run} * at.n_all; ++i)
    model.layers.push_back(model.layers[i - at.n_all]);
  if (at.rule.router_layer && at.n_trunk > 0)
    model.layers[at.n_trunk - 1].caches.push_back(
        slot(model, CacheRole::kv, Growth::full, 0, {1, *hp.head_dim_k, *hp.head_dim_v}));
  add_notes(model, at);
}

}  // namespace fitvram
