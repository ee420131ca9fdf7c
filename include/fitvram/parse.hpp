#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/export.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

// Contract of every function here: any bytes give a Result. No throw, no undefined behaviour, and
// no allocation beyond a small multiple of the input. Numbers are checked against the bytes that
// remain before anything is sized by them.

/// One GGUF file in memory (normally mapped: only the header is touched). `name` is for messages.
struct GgufShard {
  std::string name;
  std::span<const std::byte> bytes;
};

/// split.no / split.count of a GGUF file; {0, 1} when it is not split.
struct GgufSplit {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
};
FITVRAM_EXPORT Result<GgufSplit> gguf_split(const GgufShard& shard);

/// Reads GGUF v2/v3, either byte order, one file or all shards of one model in order. Tensors of
/// all shards are counted; a shard that is missing, doubled or of another model is an error that
/// names it. Truncated data (a tensor that ends past the file) is an error.
/// Source: ggml/include/gguf.h, ggml/src/gguf.cpp, llama.cpp v0.5.0.
FITVRAM_EXPORT Result<ModelInfo> parse_gguf(std::span<const GgufShard> shards);

/// What safetensors files say about a checkpoint.
struct Checkpoint {
  struct Entry {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::string dtype;  ///< "BF16", "F8_E4M3", "I32", "U8" ...
    Bytes bytes;
  };
  std::vector<Entry> tensors;        ///< from headers; empty when only an index was read
  Bytes total;                       ///< sum of the tensors, or the index's metadata.total_size
  std::uint64_t n_params = 0;        ///< index's metadata.total_parameters or 0
  std::vector<std::string> shards;   ///< file names an index refers to, sorted, unique
  std::vector<std::string> indexed;  ///< tensor names that an index lists, in its order
  bool from_headers = false;
};

/// model.safetensors.index.json.
FITVRAM_EXPORT Result<Checkpoint> parse_safetensors_index(std::string_view text,
                                                          const std::string& name);

/// The header of one .safetensors file (8 bytes length, JSON, data that is never touched).
FITVRAM_EXPORT Result<Checkpoint> parse_safetensors(std::span<const std::byte> bytes,
                                                    const std::string& name);

/// Concatenates the tensors of several files of one checkpoint.
FITVRAM_EXPORT Checkpoint merge(std::vector<Checkpoint> parts);

/// What an index says and the files it refers to do not: tensors that only one of them has, and
/// another total.
FITVRAM_EXPORT std::vector<Note> disagreements(const Checkpoint& index, const Checkpoint& files);

/// A Hugging Face config.json. It is Python's JSON: bare NaN and Infinity are accepted. `name` is
/// for messages; `checkpoint` adds what safetensors files say (may be null).
FITVRAM_EXPORT Result<ModelInfo> parse_hf_config(std::string_view text, const std::string& name,
                                                 const Checkpoint* checkpoint = nullptr);

/// A model of which nothing but a parameter count is known (and perhaps a name, which may hint at
/// a window). Its context is the parameters-only heuristic, always `assumed`.
FITVRAM_EXPORT ModelInfo model_of_params(std::uint64_t n_params, std::string name);

}  // namespace fitvram
