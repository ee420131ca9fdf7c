#include "hf/keys.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/limits.hpp"
#include "base/malformed.hpp"

namespace fitvram {
namespace {

struct CountKey {
  Hparams::U32 Hparams::*fact;
  std::string_view keys;
};

struct FlagKey {
  std::optional<bool> Hparams::*fact;
  std::string_view keys;
};

struct LayerKey {
  PerLayer Hparams::*fact;
  std::string_view keys;
};

// Spellings in the order conversion/base.py tries them, then those of single families.
constexpr std::array count_keys{
    CountKey{&Hparams::n_ctx_train,
             "max_position_embeddings n_ctx n_positions max_sequence_length model_max_length "
             "max_seq_len seq_length max_context_length context_length"},
    CountKey{&Hparams::n_vocab, "vocab_size padded_vocab_size embedding_size n_vocab"},
    CountKey{
        &Hparams::n_layer_dense_lead,
        "first_k_dense_replace num_dense_layers moe_layer_start_index moe/first_k_dense_replace"},
    CountKey{&Hparams::q_lora_rank, "q_lora_rank n_lora_q"},
    CountKey{&Hparams::n_chunk, "attention_chunk_size"},
    CountKey{&Hparams::shared_kv_layers, "num_kv_shared_layers"},
    CountKey{&Hparams::indexer_n_head,
             "index_n_heads indexer_n_heads sparse_attention_config/sparse_num_index_heads"},
    CountKey{&Hparams::indexer_head_dim,
             "index_head_dim indexer_head_dim sparse_attention_config/sparse_index_dim"},
    CountKey{&Hparams::indexer_block_size, "sparse_attention_config/sparse_block_size"},
    CountKey{&Hparams::indexer_top_k,
             "index_topk indexer_budget sparse_attention_config/sparse_topk_blocks"},
    CountKey{&Hparams::n_expert, expert_count_keys},
    CountKey{&Hparams::moe_every_n_layers,
             "moe_every_n_layers moe_every_n_layer interleave_moe_layer_step moe_layer_interval"},
    CountKey{&Hparams::shortconv_l_cache, "conv_L_cache"},
    CountKey{&Hparams::full_attention_interval, "full_attention_interval"},
    CountKey{&Hparams::n_embd_per_layer, "hidden_size_per_layer_input"},
    CountKey{&Hparams::num_loops, "num_loops"},
    CountKey{&Hparams::ple_ngram_size, "ngram_size"},
    CountKey{&Hparams::ple_conv_kernel, "ple_conv_kernel_size"},
    CountKey{&Hparams::moe_latent_size, "moe_latent_size routed_expert_hidden_size"},
    CountKey{&Hparams::output_group_count, "o_groups"},
    CountKey{&Hparams::output_lora_rank, "o_lora_rank"},
    CountKey{&Hparams::hash_layer_count, "num_hash_layers"},
    CountKey{&Hparams::attn_res_block_size, "attn_res_block_size"},
    CountKey{&Hparams::hyper_connections, "hc_mult hc_count"},
    CountKey{&Hparams::hyper_low_rank, "hc_lowrank"},
    CountKey{&Hparams::n_token_types, "type_vocab_size"},
};

constexpr std::array flag_keys{
    FlagKey{&Hparams::attention_bias,
            "attention_bias qkv_bias add_qkv_bias use_qkv_bias use_bias bias"},
    FlagKey{&Hparams::attention_out_bias, "attention_out_bias"},
    FlagKey{&Hparams::mlp_bias, "mlp_bias use_bias"},
    FlagKey{&Hparams::qk_norm, "use_qk_norm qk_layernorm"},
    FlagKey{&Hparams::k_eq_v, "attention_k_eq_v"},
    FlagKey{&Hparams::parallel_residual, "use_parallel_residual"},
    FlagKey{&Hparams::swin_norm, "swin_norm"},
    FlagKey{&Hparams::group_norm, "wkv_has_group_norm"},
};

constexpr std::array layer_keys{
    LayerKey{&Hparams::n_head, "num_attention_heads n_head n_heads num_query_heads num_heads"},
    LayerKey{&Hparams::n_head_kv,
             "num_key_value_heads n_kv_heads num_kv_heads n_head_kv kv_n_heads "
             "attn_config/kv_n_heads num_query_groups num_attention_groups "
             "num_key_value_heads_per_layer"},
    LayerKey{&Hparams::n_ff,
             "prefix_dense_intermediate_size intermediate_size n_inner "
             "hidden_dim ffn_dim ffn_hidden_size ffn_config/ffn_hidden_size mlp_hidden_size "
             "block_ff_dim d_ff"},
    LayerKey{&Hparams::n_expert_used, expert_used_keys},
    LayerKey{&Hparams::n_ff_exp, expert_width_keys},
};

constexpr std::string_view head_dim_keys =
    "head_dim kv_channels attention_head_dim hidden_size_per_head d_kv";
constexpr std::string_view window_keys = "sliding_window sliding_window_size";

bool is_window_word(std::string_view word) {
  return word == "sliding_attention" || word == "chunked_attention" || word == "local_attention" ||
         word == "sliding_window_attention" || word == "local" || word == "swa";
}

// Mistral's own format: a list, null where a layer is full, that is repeated over the layers.
void read_windows(const HfReader& reader, Hparams& h) {
  const auto windows = reader.list(window_keys);
  h.n_swa = windows.empty() ? 0 : *std::max_element(windows.begin(), windows.end());
  if (*h.n_swa == 0) return;
  for (std::size_t i = 0; i < *h.n_layer; ++i)
    h.swa_layers.push_back(windows[i % windows.size()] != 0);
}

void read_window(const HfReader& reader, Hparams& h) {
  const auto stated = reader.flag("use_sliding_window");
  const Family* family = find_family(h.architecture);
  if (!stated.value_or(family == nullptr || !family->config.window_off)) {
    h.n_swa = 0;
    return;
  }
  if (const auto* windows = reader.find(window_keys); windows != nullptr && windows->is_array()) {
    read_windows(reader, h);
    return;
  }
  h.n_swa = reader.count(window_keys);
  if (!h.n_swa && reader.is_null("sliding_window") && !h.n_chunk) h.n_swa = 0;

  if (const auto period =
          reader.find("sliding_window_pattern layer_switch _sliding_window_pattern");
      period != nullptr && period->is_number()) {
    const auto n = *reader.count("sliding_window_pattern layer_switch _sliding_window_pattern");
    if (n == 1) h.n_swa = 0;
    if (n > 1) h.swa_period = n;
  }
  if (h.n_swa && *h.n_swa == 0) return;
  h.swa_layers = window_layers(reader, *h.n_layer);
  const bool any = std::find(h.swa_layers.begin(), h.swa_layers.end(), true) != h.swa_layers.end();
  if (!h.swa_layers.empty() && !any) {
    h.n_swa = 0;
    h.swa_layers.clear();
  }
}

void read_rope(const HfReader& reader, Hparams& h) {
  constexpr std::string_view sections = "rope_scaling rope_parameters";
  const auto* rope = reader.find(sections);
  if (rope != nullptr && rope->is_object()) {
    const auto kind = reader.word(
        "rope_scaling/rope_type rope_scaling/type "
        "rope_parameters/rope_type rope_parameters/type");
    h.rope_type = kind;
    if (kind != "default") {
      h.rope_scale = reader.number("rope_scaling/factor rope_parameters/factor");
    }
  }
  if (const auto dim = reader.count("rotary_dim qk_rope_head_dim")) {
    h.n_rot = dim;
    return;
  }
  std::uint32_t head_dim = h.head_dim_k.value_or(0);
  const std::uint32_t n_head = h.n_head.max();
  if (head_dim == 0 && n_head > 0) head_dim = *h.n_embd / n_head;
  const double part = reader
                          .number(
                              "rope_parameters/partial_rotary_factor partial_rotary_factor "
                              "rope_pct rope_percent rotary_pct")
                          .value_or(1.0);
  if (head_dim > 0 && part > 0 && part <= 1) {
    h.n_rot = static_cast<std::uint32_t>(part * head_dim);
  }
}

std::uint32_t gating_func(const std::string& word) {
  if (word == "softmax") return 1;
  if (word == "sigmoid") return 2;
  if (word == "sqrtsoftplus") return 4;
  return 0;
}

// Leading layers without experts, from a list that says it layer by layer.
std::optional<std::uint32_t> dense_lead(const HfReader& reader) {
  if (reader.has("mlp_layer_types")) {
    const auto kinds = reader.words("mlp_layer_types");
    const auto first = std::find_if(kinds.begin(), kinds.end(),
                                    [](const std::string& kind) { return kind != "dense"; });
    return static_cast<std::uint32_t>(first - kinds.begin());
  }
  if (const auto* freq = reader.find("moe_layer_freq"); freq != nullptr && freq->is_array()) {
    const auto flags = reader.list("moe_layer_freq");
    const auto first = std::find_if(flags.begin(), flags.end(), [](auto f) { return f != 0; });
    return static_cast<std::uint32_t>(first - flags.begin());
  }
  return std::nullopt;
}

std::vector<bool> from_pattern(const HfReader& reader, std::uint32_t n_layer) {
  const auto* pattern = reader.find("sliding_window_pattern");
  std::vector<bool> layers;
  if (pattern == nullptr || pattern->empty()) return layers;
  if (pattern->is_string()) {
    const auto letters = pattern->get<std::string>();
    for (std::uint32_t i = 0; i < n_layer && !letters.empty(); ++i) {
      layers.push_back(letters[i % letters.size()] == 'L');
    }
  } else if (pattern->is_array()) {
    for (std::uint32_t i = 0; i < n_layer; ++i) {
      const auto& value = (*pattern)[i % pattern->size()];
      layers.push_back(value.is_boolean() ? value.get<bool>()
                                          : value.is_number() && value.get<double>() != 0);
    }
  }
  return layers;
}

}  // namespace

std::vector<std::string> layer_words(const HfReader& reader, std::uint32_t n_layer) {
  constexpr std::string_view keys = "hybrid_override_pattern layers_block_type layer_types";
  const auto* value = reader.find(keys);
  if (value == nullptr) return {};
  std::vector<std::string> words;
  if (value->is_string()) {
    for (const char letter : value->get_ref<const std::string&>()) words.emplace_back(1, letter);
  } else {
    words = reader.words(keys);
  }
  if (words.size() < n_layer) {
    throw Malformed(
        ErrorCode::malformed, reader.where(keys),
        std::to_string(words.size()) + " layer types for " + std::to_string(n_layer) + " layers");
  }
  return words;
}

std::vector<bool> window_layers(const HfReader& reader, std::uint32_t n_layer) {
  std::vector<bool> layers;
  if (reader.has("layer_types")) {
    const auto words = layer_words(reader, n_layer);
    for (std::uint32_t i = 0; i < n_layer; ++i) layers.push_back(is_window_word(words[i]));
    return layers;
  }
  layers = from_pattern(reader, n_layer);
  if (layers.empty() && reader.flag("use_sliding_window").value_or(false)) {
    if (const auto first = reader.count("max_window_layers")) {
      for (std::uint32_t i = 0; i < n_layer; ++i) layers.push_back(i >= *first);
    }
  }
  return layers;
}

void read_keys(const HfReader& reader, Hparams& h) {
  constexpr std::string_view layers =
      "num_hidden_layers n_layers n_layer num_layers num_transformer_layers";
  if (!reader.has(layers) && reader.has("layers_block_type")) {
    h.n_layer = static_cast<std::uint32_t>(reader.words("layers_block_type").size());
  } else if (!reader.has(layers) && reader.has("block_configs")) {
    h.n_layer = static_cast<std::uint32_t>(reader.find("block_configs")->size());
  } else {
    h.n_layer = reader.need(layers);
  }
  if (*h.n_layer == 0) reader.positive(layers);
  if (*h.n_layer > most_layers) {
    throw Malformed(ErrorCode::limit, reader.where(layers),
                    std::to_string(*h.n_layer) + " layers, more than any model has");
  }
  constexpr std::string_view width = "hidden_size n_embd dim d_model model_dim n_embed";
  h.n_embd = reader.need(width);
  reader.positive(width);

  for (const auto& key : count_keys) h.*(key.fact) = reader.count(key.keys);
  for (const auto& key : flag_keys) h.*(key.fact) = reader.flag(key.keys);
  for (const auto& key : layer_keys) h.*(key.fact) = reader.per_layer(key.keys);

  for (const auto& [fact, keys] : {layer_keys[0], layer_keys[1]}) {
    if ((h.*fact).values == std::vector<std::uint32_t>{0}) reader.positive(keys);
  }
  h.head_dim_k = reader.positive(head_dim_keys);
  h.head_dim_v = h.head_dim_k;

  // Some families give these once per layer, with one value.
  h.n_expert_shared = reader
                          .per_layer(
                              "n_shared_experts num_shared_experts num_shared_expert "
                              "moe_num_shared_experts moe/num_shared_experts")
                          .max();
  if (*h.n_expert_shared == 0) h.n_expert_shared.reset();
  h.n_ff_shexp = reader
                     .per_layer(
                         "shared_expert_intermediate_size share_expert_dim "
                         "moe_shared_expert_intermediate_size "
                         "shared_intermediate_size")
                     .max();
  if (*h.n_ff_shexp == 0) h.n_ff_shexp.reset();

  if (const auto lead = dense_lead(reader)) h.n_layer_dense_lead = lead;
  const auto gate =
      gating_func(reader.word("score_function scoring_func score_func "
                              "moe_router_activation moe_router_activation_func "
                              "expert_selection_fn"));
  if (gate != 0) h.expert_gating_func = gate;
  // A bias that only corrects the choice stands beside a sigmoid.
  if (gate == 0 && reader.word("topk_method") == "noaux_tc") h.expert_gating_func = 2;
  h.n_expert_groups = reader.count("n_group moe/num_expert_groups");
  h.n_expert_groups_used = reader.count("topk_group moe/num_expert_groups_per_tok");
  if (const auto norm = reader.flag("norm_topk_prob norm_expert_weight route_norm"))
    h.expert_weights_norm = *norm ? 1U : 0U;
  h.expert_weights_scale = reader.number(
      "routed_scaling_factor moe_router_scaling_factor router_scaling_factor route_scale "
      "moe_routed_scaling_factor");
  h.embedding_scale = reader.number("embedding_multiplier");
  if (reader.flag("multi_query").value_or(false)) h.n_head_kv = 1;
  if (reader.has("indexer_types")) {
    for (const auto& kind : reader.words("indexer_types")) {
      h.indexer_layers.push_back(kind == "full");
    }
  }
  h.compress_ratios = reader.list("compress_ratios");
  h.mlp_only_layers = reader.list("mlp_only_layers");
  read_window(reader, h);
  read_rope(reader, h);
}

void check_heads(const HfReader& reader, const Hparams& h, bool needed) {
  const std::string_view key = layer_keys[0].keys;
  if (needed && !h.n_head.present()) reader.missing(key);
  if (h.n_head.values.size() != 1 || h.n_head.values[0] == 0) return;
  const std::uint32_t n_head = h.n_head.values[0];
  if (!h.head_dim_k && !h.kv_lora_rank && *h.n_embd % n_head != 0) {
    throw Malformed(ErrorCode::malformed, reader.where(key),
                    "hidden size " + std::to_string(*h.n_embd) + " is not a multiple of " +
                        std::to_string(n_head) + " heads, and there is no head_dim");
  }
  if (h.n_head_kv.values.size() != 1) return;
  const std::uint32_t n_head_kv = h.n_head_kv.values[0];
  if (n_head_kv > n_head || (n_head_kv > 0 && n_head % n_head_kv != 0)) {
    throw Malformed(ErrorCode::malformed, reader.where("num_key_value_heads"),
                    std::to_string(n_head) + " heads cannot share " + std::to_string(n_head_kv) +
                        " key-value heads");
  }
}

}  // namespace fitvram
