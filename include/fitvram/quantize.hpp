#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/export.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Who can load a scheme.
enum class SchemeFamily { gguf, safetensors, mlx, exl };

/// A way to quantize a whole model: a row of the table in src/weights/schemes.cpp.
struct Scheme {
  std::string_view name;  ///< "Q4_K_M", "F16", "MXFP4_MOE"
  SchemeFamily family;
  std::uint32_t millibits;  ///< nominal bits per weight x 1000, for order and display
  bool ladder;              ///< offered when a scheme is chosen automatically
  std::string_view about;   ///< one line for `list quants`
  std::span<const Packing> packings = {};  ///< empty for GGUF, whose types go by tensor
};

/// All schemes, from most to fewest bits.
FITVRAM_EXPORT std::span<const Scheme> schemes();

/// Case-insensitive ("q4_k_m"); nullptr when unknown. Rows live as long as the program.
FITVRAM_EXPORT const Scheme* find_scheme(std::string_view name);

/// The weights of one model in one form: the type of every tensor of ModelInfo::tensors (same
/// order), or a flat total where no tensor list exists.
struct Weights {
  std::string quant;
  Provenance provenance = Provenance::exact;
  std::vector<const TensorType*> types;  ///< one per tensor; empty: use `flat`
  Bytes flat;
  std::vector<Note> notes;
  /// Of a file of which only the size is known: that size, and what `types` would take. The types
  /// are those of a scheme near it, and every part of the model counts in proportion.
  Bytes stated, typed;
};

/// What `part`, a sum of sizes by the types, counts of these weights.
FITVRAM_EXPORT Bytes part_of(const Weights& weights, Bytes part);

/// Bytes of the model's tensors in a checkpoint that packs them so, next-token-prediction layers
/// included; what no packing covers takes `bits` a value (1-D tensors, routers, embeddings).
FITVRAM_EXPORT Bytes packed_size(const ModelInfo& model, std::span<const Packing> packings,
                                 std::uint32_t bits);

/// Bytes of the safetensors checkpoint that a config describes: packed_size() by the model's own
/// packings, and its vision and audio towers; checkpoint_bytes where that is known.
FITVRAM_EXPORT Bytes checkpoint_size(const ModelInfo& model);

/// Weights of the experts that are MXFP4 in every GGUF file of the model; 0 = llama-quantize
/// chooses the types of all. The converter repacks the experts of some families' MXFP4 checkpoints
/// whatever the output type, and llama-quantize does not requantize them unless asked
/// (conversion/*.py and src/llama-quant.cpp, v0.5.0).
FITVRAM_EXPORT std::uint64_t n_mxfp4(const ModelInfo& model);

/// The weights as the file holds them: GGUF tensor types, or the checkpoint's own bytes.
FITVRAM_EXPORT Weights stored_weights(const ModelInfo& model);

/// The weights of a file of `size` bytes whose types are not known, whatever it is called ("" =
/// unnamed): assumed. Its parts are split as `scheme` has them, or the GGUF scheme next below that
/// size; with `split` false, and without a tensor list, the size is all there is.
FITVRAM_EXPORT Weights weights_of_size(const ModelInfo& model, Bytes size, const std::string& name,
                                       const Scheme* scheme, bool split);

/// The weights after quantization by llama-quantize's rules (src/llama-quant.cpp, v0.5.0, without
/// importance matrix unless the scheme needs one). Schemes of other families give a flat total.
/// With no tensor list: parameters times bits.
FITVRAM_EXPORT Weights quantize(const ModelInfo& model, const Scheme& scheme);

}  // namespace fitvram
