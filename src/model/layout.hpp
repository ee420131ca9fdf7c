#pragma once
#include <string>
#include <vector>

#include "families/table.hpp"

namespace fitvram {

/// What llama.cpp's loader makes of a model's facts before it creates caches, one flag per block.
struct Layout {
  Architecture row;
  std::uint32_t n_all = 0;    ///< blocks of the file
  std::uint32_t n_trunk = 0;  ///< without next-token-prediction blocks
  std::uint32_t n_kv = 0;     ///< blocks from here on reuse an earlier cache
  bool mla = false;           ///< K-only latent cache
  std::uint32_t n_swa = 0;    ///< tokens; 0 = no window
  std::vector<bool> swa;
  std::vector<bool> recurrent;
  std::vector<bool> indexer;
};

/// Checks the facts, fills `architecture`, `layout`, notes and the defaults in `hparams`. Throws
/// Malformed when a fact that a cache depends on is missing or impossible.
Layout layout_of(ModelInfo& model);

/// True when block `i` is given an attention cache (the layer filters of create_memory).
bool has_attention(const Layout& at, const Hparams& hp, std::uint32_t i);

/// Throws Malformed: the GGUF key below the architecture's name is not there.
[[noreturn]] void missing(const ModelInfo& model, const std::string& key);

/// The value of a key that must be there and not 0.
std::uint32_t positive(const ModelInfo& model, const Hparams::U32& value, const std::string& key);

/// a * b values of a cache row, at most 2^32 - 1.
std::uint32_t product(const ModelInfo& model, std::uint64_t a, std::uint64_t b);

}  // namespace fitvram
