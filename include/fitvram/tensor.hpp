#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fitvram/export.hpp"
#include "fitvram/units.hpp"

namespace fitvram {

/// A way to store numbers: `block_elems` consecutive values of a row take `block_bytes` bytes.
/// Weights and caches share this table; sizes are rational, never "8.5 bits".
/// Source: ggml/src/ggml.c and ggml-common.h, llama.cpp v0.5.0; safetensors format for F8/I/U/BOOL.
struct TensorType {
  std::string_view name;      ///< canonical spelling: "F16", "Q4_K", "IQ4_NL", "F8_E4M3"
  std::uint32_t block_elems;  ///< values per block, >= 1
  std::uint32_t block_bytes;  ///< bytes per block, >= 1
  std::int32_t ggml_id;       ///< enum ggml_type, or -1 when GGUF cannot hold it
  bool cache;                 ///< may be asked for as a KV cache type

  constexpr bool quantized() const { return block_elems > 1; }
};

/// All known types, sorted by name.
FITVRAM_EXPORT std::span<const TensorType> tensor_types();

/// Case-insensitive lookup by name ("q8_0", "bf16", "fp8"); nullptr when unknown.
FITVRAM_EXPORT const TensorType* find_tensor_type(std::string_view name);

/// Lookup by GGUF type number; nullptr when unknown or removed.
FITVRAM_EXPORT const TensorType* find_tensor_type(std::uint32_t ggml_id);

/// Bytes of one row of `n` values. `n` need not be a multiple of the block: llama.cpp rounds the
/// product down (ggml_row_size), and so do we.
constexpr Bytes row_bytes(const TensorType& type, std::uint64_t n) {
  if (!type.quantized()) return Bytes{type.block_bytes} * n;
  const std::uint64_t blocks = n / type.block_elems;
  const std::uint64_t rest = n % type.block_elems;
  return Bytes{type.block_bytes} * blocks + Bytes{rest * type.block_bytes / type.block_elems};
}

/// What a tensor is for. Decides where a runtime places it, which type a quantization scheme gives
/// it, and the line it is counted on.
enum class TensorRole {
  token_embd,      ///< input embedding, also the output head when that is tied
  position_embd,   ///< learned positions, token types
  per_layer_embd,  ///< Gemma 3n/4 per-layer token embedding
  output,          ///< output head
  output_norm,     ///< final norm and what else belongs to the output layer
  norm,            ///< norms inside layers
  attention,       ///< q, k, v, output projections, biases, sinks, MLA projections
  feed_forward,    ///< dense feed-forward, shared experts
  expert,          ///< routed experts, one 3-D tensor for all experts of a layer
  router,          ///< expert gate and its bias
  recurrent,       ///< Mamba, delta net, RWKV, short convolution
  indexer,         ///< sparse-attention indexer
  rope,            ///< rope_freqs and factors: data, not parameters
  multimodal,      ///< vision and audio towers
  other
};

/// Set of roles, one bit each.
using Roles = std::uint32_t;
constexpr Roles role_bit(TensorRole role) { return Roles{1} << static_cast<unsigned>(role); }

/// How a checkpoint other than GGUF packs the weight matrices of some roles: every value in
/// `millibits`, and beside them scales, zero points and indices in tensors of their own.
struct Packing {
  Roles roles = 0;
  std::uint32_t millibits = 16000;  ///< of one value, x 1000
  std::uint32_t group = 0;          ///< values of a row that share a scale; 0 = none do
  std::uint32_t group_rows = 1;     ///< rows that share it: above 1 the groups are blocks
  std::uint32_t group_bits = 0;     ///< per group: scale and zero point
  std::uint32_t row_bits = 0;       ///< per output row
  std::uint32_t column_bits = 0;    ///< per input column
  std::uint32_t matrix_bytes = 0;   ///< per matrix
  std::uint32_t text_bytes = 0;     ///< of a text per matrix, besides the digits of its shape

  friend bool operator==(const Packing&, const Packing&) = default;
};

/// "token-embedding", "attention", ...: the word in tables and JSON.
FITVRAM_EXPORT const char* name_of(TensorRole role);

/// The name of a tensor. Copies share one text: hundreds of blocks have the same names.
class TensorName {
 public:
  TensorName() = default;
  TensorName(std::string_view text) : text_(std::make_shared<const std::string>(text)) {}
  TensorName(const std::string& text) : TensorName(std::string_view(text)) {}
  TensorName(const char* text) : TensorName(std::string_view(text)) {}

  std::string_view view() const { return text_ == nullptr ? std::string_view{} : *text_; }
  operator std::string_view() const { return view(); }

  friend bool operator==(const TensorName& a, const TensorName& b) {
    return a.text_ == b.text_ || a.view() == b.view();
  }
  template <typename Text>
  requires std::convertible_to<Text, std::string_view>
  friend bool operator==(const TensorName& a, const Text& b) {
    return a.view() == std::string_view(b);
  }

 private:
  std::shared_ptr<const std::string> text_;
};

/// One weight tensor, as a GGUF names and shapes it.
struct Tensor {
  TensorName name;  ///< "token_embd.weight"; "attn_q.weight" inside a layer
  std::array<std::uint64_t, 4> ne{1, 1, 1, 1};  ///< elements per dimension, ne[0] = row length
  /// A row of tensor_types(): as stored; from a config: the source dtype. nullptr: not known, which
  /// check() refuses and figures count as 16 bits.
  const TensorType* type = nullptr;
  std::int32_t layer = -1;  ///< block index, -1 for global tensors
  TensorRole role = TensorRole::other;

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

/// "blk.12.attn_q.weight" for layer 12, "enc.blk.12.attn_q.weight" in an encoder beside a decoder
/// (name "enc.attn_q.weight"), the plain name for global tensors.
FITVRAM_EXPORT std::string full_name(const Tensor& tensor);

/// The role of a tensor from its name without the "blk.N." prefix.
FITVRAM_EXPORT TensorRole role_of(std::string_view name);

/// Product of the dimensions, saturating.
constexpr std::uint64_t n_elements(const Tensor& t) {
  return sat_mul(sat_mul(t.ne[0], t.ne[1]), sat_mul(t.ne[2], t.ne[3]));
}

/// Bytes of all rows when stored as `type`, saturating.
constexpr Bytes tensor_bytes(const Tensor& t, const TensorType& type) {
  return row_bytes(type, t.ne[0]) * sat_mul(t.ne[1], sat_mul(t.ne[2], t.ne[3]));
}

}  // namespace fitvram
