#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/model.hpp"

namespace fitvram {

/// Who can load a scheme.
enum class SchemeFamily { gguf, safetensors, mlx, exl };

/// A way to quantize a whole model: a row of the table in src/quantize.cpp.
struct Scheme {
  std::string_view name;  ///< "Q4_K_M", "F16", "MXFP4_MOE"
  SchemeFamily family;
  std::uint32_t millibits;  ///< nominal bits per weight x 1000, for order and display
  bool ladder;              ///< offered when a scheme is chosen automatically
  std::string_view about;   ///< one line for `list quants`
};

/// All schemes, from most to fewest bits.
std::span<const Scheme> schemes();

/// Case-insensitive ("q4_k_m"); nullptr when unknown.
const Scheme* find_scheme(std::string_view name);

/// The weights of one model in one form: the type of every tensor of ModelInfo::tensors (same
/// order), or a flat total where no tensor list exists.
struct Weights {
  std::string quant;
  Provenance provenance = Provenance::exact;
  std::vector<const TensorType*> types;  ///< one per tensor; empty: use `flat`
  Bytes flat;
  std::vector<Note> notes;
};

/// The weights as the file holds them: GGUF tensor types, or the checkpoint's own bytes.
Weights stored_weights(const ModelInfo& model);

/// The weights after quantization by llama-quantize's rules (src/llama-quant.cpp, v0.5.0, without
/// importance matrix unless the scheme needs one). With no tensor list: parameters times bits.
Weights quantize(const ModelInfo& model, const Scheme& scheme);

}  // namespace fitvram
