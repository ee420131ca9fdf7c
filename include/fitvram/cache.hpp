#pragma once
#include <cstdint>

#include "fitvram/export.hpp"

namespace fitvram {

/// What a cache holds. Decides the element type: kv, latent and indexer use the cache types that
/// were asked for; the states are always f32.
enum class CacheRole { kv, latent, indexer, conv_state, recurrent_state, compressor_state };

/// How the number of entries grows with the context.
enum class Growth {
  full,     ///< one entry per token
  sliding,  ///< one entry per token up to a window of `span` tokens
  chunked,  ///< attention inside chunks of `span` tokens
  strided,  ///< one entry per `span` tokens
  constant  ///< one entry per sequence, whatever the context
};

/// Whether entries that are out of reach are given up.
constexpr bool is_window(Growth growth) {
  return growth == Growth::sliding || growth == Growth::chunked;
}

/// Elements of one entry: n_head_kv * dim_k in the K tensor and n_head_kv * dim_v in the V tensor.
/// dim_v = 0: there is no V tensor (latent caches, indexers, states with one tensor).
struct HeadShape {
  std::uint32_t n_head_kv = 0;
  std::uint32_t dim_k = 0;
  std::uint32_t dim_v = 0;

  friend bool operator==(const HeadShape&, const HeadShape&) = default;
};

/// One cache that a layer owns: a row width times a growth law. All KV arithmetic follows from it.
struct CacheSlot {
  CacheRole role = CacheRole::kv;
  Growth growth = Growth::full;
  std::uint32_t span = 0;  ///< window, chunk or stride in tokens; 0 for full and constant
  HeadShape shape;

  friend bool operator==(const CacheSlot&, const CacheSlot&) = default;
};

/// "kv", "latent", "indexer", "conv-state", "recurrent-state", "compressor-state".
FITVRAM_EXPORT const char* name_of(CacheRole role);
/// "full", "sliding", "chunked", "strided", "constant".
FITVRAM_EXPORT const char* name_of(Growth growth);

}  // namespace fitvram
