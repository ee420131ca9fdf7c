#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "hf_reader.hpp"

namespace fitvram {

/// How one architecture's own keys become facts.
struct HfFamily {
  std::string_view gguf;
  void (*derive)(const HfReader& reader, Hparams& hparams);
};

constexpr bool by_name(const HfFamily& a, const HfFamily& b) { return a.gguf < b.gguf; }

/// Families with latent attention or with state besides or instead of K and V, sorted by name.
std::span<const HfFamily> state_families();

/// Families whose only cache is K and V, sorted by name.
std::span<const HfFamily> attention_families();

/// `n` when it can be a count of anything in a model; throws Malformed (limit) otherwise.
std::uint32_t within_reason(std::uint64_t n, std::string_view what);

/// Counts `n` next-token-prediction blocks, which stand after the others, in n_layer.
void append_nextn(Hparams& hparams, std::uint32_t n);

/// The same for the number in num_nextn_predict_layers.
void nextn(const HfReader& reader, Hparams& hparams);

}  // namespace fitvram
