#pragma once
#include <string_view>

#include "fitvram/hparams.hpp"
#include "hf/reader.hpp"

namespace fitvram {

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
