#pragma once
#include <string_view>
#include <vector>

#include "fitvram/model.hpp"

namespace fitvram {

/// True when llama-quantize refuses the scheme without an importance matrix.
bool needs_imatrix(std::string_view scheme);

/// The type that llama-quantize gives every tensor of the model, in the model's order. `scheme` is
/// a GGUF scheme in canonical spelling. Source: src/llama-quant.cpp, llama.cpp v0.5.0.
std::vector<const TensorType*> llama_quant_types(const ModelInfo& model, std::string_view scheme,
                                                 bool imatrix);

}  // namespace fitvram
