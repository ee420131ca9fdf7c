#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "hf/keys.hpp"

namespace fitvram {

// What several kins of families derive from the keys of a config, as llama.cpp's converter does
// (conversion/*.py, v0.5.0).

/// The converter writes this as the context of models that have no limit of their own.
inline constexpr std::uint32_t unlimited = std::uint32_t{1} << 20;

/// Nothing: the common keys say it all.
void common_keys(const HfReader& reader, Hparams& hparams);

/// `n` when it can be a count of anything in a model; throws Malformed (limit) otherwise.
std::uint32_t within_reason(std::uint64_t n, std::string_view what);

/// Whether one of the words that name the architecture is `name`, or contains `part`.
bool is_called(const HfReader& reader, std::string_view name);
bool class_contains(const HfReader& reader, std::string_view part);

/// Counts `n` next-token-prediction blocks, which stand after the others, in n_layer.
void append_nextn(Hparams& hparams, std::uint32_t n);
/// The same for the number in num_nextn_predict_layers.
void nextn(const HfReader& reader, Hparams& hparams);

/// The entries of block_configs, which is there: as many as `n_layer` where that is stated. Throws
/// Malformed when they are no list of objects.
std::vector<HfReader> blocks_of(const HfReader& reader, std::optional<std::uint32_t> n_layer = {});

// Formats of single makers, which name no class.

/// Meta's params.json (llama/model.py, ModelArgs): these keys and no others.
bool is_meta_params(const HfReader& reader);
/// Mistral's params.json (mistral_inference/args.py).
bool is_mistral_params(const HfReader& reader);
/// What vLLM takes where that file says nothing (transformers_utils/configs/mistral.py).
void mistral_params(const HfReader& reader, Hparams& hparams);

// Feed-forward.

std::uint32_t four_times(std::uint32_t n);
std::uint32_t rounded_up(double n, std::uint32_t step);
/// Multipliers of the width: a list that must be there, or one of a block at `place`, 0 when
/// absent. Throws Malformed when they are no numbers up to 1000.
std::vector<double> ff_multipliers(const HfReader& reader, std::string_view key);
double ff_multiplier(const HfReader& block, const std::string& place, std::string_view key);
/// The GPT-2 generation: n_inner, else four times the width.
void wide_ff(const HfReader& reader, Hparams& hparams);
/// Classes without a key of their own for the experts.
void experts_as_wide_as_ff(const HfReader& reader, Hparams& hparams);
/// A dense model, whatever its keys say of experts.
void no_experts(Hparams& hparams);
/// Shared experts as wide as so many routed ones, leading dense layers, and nextn().
void shared_as_wide(const HfReader& reader, Hparams& hparams);

// Heads.

std::uint32_t kv_heads(const HfReader& reader, const Hparams& hparams);
/// Every head keeps keys and values of its own; and wide_ff().
void as_many_kv_heads(const HfReader& reader, Hparams& hparams);
/// True on all layers but each n-th.
std::vector<bool> all_but_every(std::uint32_t n, std::uint32_t n_layer);
/// `window` on window layers, `full` on the others.
PerLayer by_window(const std::vector<bool>& swa, std::uint32_t window, std::uint32_t full);
/// `value` on the layers whose word is one of `words`, 0 on the others.
PerLayer where_word(const std::vector<std::string>& layers, std::uint32_t n_layer,
                    std::uint32_t value, std::initializer_list<std::string_view> words);

// Latent attention.

/// Served as one head over the compressed latent (conversion/deepseek.py, DeepseekV2Model).
void latent(const HfReader& reader, Hparams& hparams);
/// latent() and nextn().
void latent_nextn(const HfReader& reader, Hparams& hparams);
/// latent(), with experts after the leading dense layers.
void latent_experts(const HfReader& reader, Hparams& hparams);
/// Cached as keys and values of every head.
void expanded_latent(const HfReader& reader, Hparams& hparams);

// State.

std::uint32_t inner_size(std::uint32_t a, std::uint32_t b);
/// State sizes of a Mamba-2 mixer whose keys may carry a prefix (conversion/granite.py).
void mamba2_mixer(const HfReader& reader, Hparams& hparams, std::uint32_t inner);

}  // namespace fitvram
