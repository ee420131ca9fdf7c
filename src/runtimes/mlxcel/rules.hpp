#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fitvram/runtime.hpp"
#include "pricing/cache_terms.hpp"

namespace fitvram {

/// Sources: github.com/lablup/mlxcel, memory_estimate.rs, kv_arch.rs and quant_advisor.rs
/// @0c21aed2, hardware.rs @0096d4dc.
extern const Runtime mlxcel_runtime;

/// The rules that those are made of.
namespace mlxcel {

bool honours_window(const ModelInfo& model);

/// What its estimator reads of a config.json, one shape for all layers.
struct MlxcelConfig {
  std::string model_type;
  std::uint64_t n_layer = 0, n_head = 0, n_head_kv = 0, head_dim = 0;
  std::optional<std::uint64_t> kv_lora_rank;
  std::uint64_t qk_rope = 64, qk_nope = 128, v_head = 128;
  std::vector<bool> attention;  ///< hybrids: which layers have attention; empty = no hybrid
  std::vector<bool> sliding;    ///< which layers have the window; empty = none
  std::uint32_t n_swa = 0;      ///< of those layers, or of a hybrid's attention
};
MlxcelConfig config_of(const ModelInfo& model);

/// kv_arch.rs: the first of no cache, latent, hybrid, windows and standard that the config matches.
/// A latent counts as one only in types named v3 or v32; other MLA models count decompressed heads.
std::vector<CacheTerm> cache_terms(const MlxcelConfig& config, std::uint64_t n_ctx,
                                   const TensorType& type, std::uint64_t n_seq = 1);

/// memory_estimate.rs: two activations of at most 512 tokens, and the logits.
Bytes activation(std::uint64_t n_embd, std::uint64_t n_ff, std::uint64_t n_vocab,
                 std::uint64_t n_ctx, std::uint64_t batch);

/// What remains for the cache once the weights are loaded, before the headroom factor of 1.20.
Bytes auto_kv_budget(Bytes available, Bytes activation, Bytes weights, Bytes in_flight = Bytes{});

/// quant_advisor.rs: the parameters that it counts in a config. One embedding only, and experts as
/// wide as the dense feed-forward.
std::uint64_t counted_params(const ModelInfo& model);

}  // namespace mlxcel
}  // namespace fitvram
