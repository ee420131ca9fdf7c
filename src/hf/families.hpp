#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "hf/reader.hpp"

namespace fitvram {

/// How one architecture's own keys become facts.
struct HfFamily {
  std::string_view gguf;
  void (*derive)(const HfReader& reader, Hparams& hparams);
};

/// All families that derive something, each list sorted by name: plain attention, attention with
/// windows or several kinds of layers, latent attention, and state besides or instead of K and V.
std::span<const HfFamily> attention_families();
std::span<const HfFamily> window_families();
std::span<const HfFamily> latent_families();
std::span<const HfFamily> state_families();

/// What the family of `hparams.architecture` derives from its own keys, as llama.cpp's converter
/// writes it to GGUF (conversion/*.py, v0.5.0). May refine the architecture ("nemotron_h" with
/// experts is "nemotron_h_moe"). For an architecture that llama.cpp does not know it records what
/// tells that there is more to the cache than plain attention.
void derive_family(const HfReader& reader, Hparams& hparams);

/// `n` when it can be a count of anything in a model; throws Malformed (limit) otherwise.
std::uint32_t within_reason(std::uint64_t n, std::string_view what);

/// Counts `n` next-token-prediction blocks, which stand after the others, in n_layer.
void append_nextn(Hparams& hparams, std::uint32_t n);

/// The same for the number in num_nextn_predict_layers.
void nextn(const HfReader& reader, Hparams& hparams);

}  // namespace fitvram
