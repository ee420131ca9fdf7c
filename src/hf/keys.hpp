#pragma once
#include <string_view>

#include "fitvram/hparams.hpp"
#include "hf/reader.hpp"

namespace fitvram {

/// Spellings of how many experts there are, how many a token visits, and how wide each is.
inline constexpr std::string_view expert_count_keys =
    "num_local_experts num_experts n_routed_experts moe_num_experts moe_num_primary_experts "
    "ffn_config/moe_num_experts moe/num_experts";
inline constexpr std::string_view expert_used_keys =
    "num_experts_per_tok num_experts_per_token top_k_experts moe_top_k moe_topk moe_k "
    "moe_num_active_primary_experts ffn_config/moe_top_k moe/num_experts_per_tok";
inline constexpr std::string_view expert_width_keys =
    "moe_intermediate_size expert_intermediate_size moe_ffn_hidden_size moe/expert_hidden_dim";

/// The facts that every family spells as one of the known aliases, and the windows.
void read_keys(const HfReader& reader, Hparams& hparams);

/// Throws Malformed when the numbers of heads contradict each other or are missing though `needed`.
void check_heads(const HfReader& reader, const Hparams& hparams, bool needed);

/// True on each layer that is a window (or chunk) layer by the config's layer_types,
/// sliding_window_pattern or max_window_layers, `n_layer` long; empty when nothing says.
std::vector<bool> window_layers(const HfReader& reader, std::uint32_t n_layer);

/// layer_types, layers_block_type or hybrid_override_pattern as words, one a layer; empty if
/// absent. Throws Malformed when there are fewer than `n_layer`.
std::vector<std::string> layer_words(const HfReader& reader, std::uint32_t n_layer);

}  // namespace fitvram
