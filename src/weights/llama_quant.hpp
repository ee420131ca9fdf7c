#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "fitvram/quantize.hpp"

namespace fitvram {

/// True when llama-quantize refuses the scheme without an importance matrix.
bool needs_imatrix(std::string_view scheme);

/// The smallest type that llama-quantize gives any tensor under a GGUF scheme; nullptr when it does
/// not know the scheme.
const TensorType* least_type(std::string_view scheme);

/// Whether the tensor is one of n_mxfp4(), in a model that has some (keeps_mxfp4 of the model).
bool keeps_mxfp4(const ModelInfo& model);
bool keeps_mxfp4(const ModelInfo& model, const Tensor& tensor);

/// The kinds of tensors that llama-quantize tells apart, by name.
enum class QuantCategory : std::uint8_t {
  kept,  ///< never quantized
  token_embd,
  output,
  attn_v,
  attn_k,
  attn_q,
  attn_output,
  ffn_up,
  ffn_gate,
  ffn_down,
  other
};

/// What its rules ask of a model.
struct QuantFacts {
  bool falcon = false;
  bool llama_70b = false;  ///< the size class in which one key serves eight queries
  bool tied = true;
  bool f16_qat_embd = false;
  std::uint32_t n_expert = 1;
  std::uint32_t n_gqa = 0;
  std::uint64_t n_layer = 0;
  std::uint64_t n_attn_v = 0;
};

/// What llama-quantize sees of one model, whatever the scheme: read the names once, then ask for
/// the types of as many schemes as there are. The model must outlive the plan.
/// Source: src/llama-quant.cpp, llama.cpp v0.5.0.
class QuantPlan {
 public:
  explicit QuantPlan(const ModelInfo& model);

  /// The type of every tensor, in the model's order; empty when llama-quantize does not know the
  /// scheme (canonical spelling).
  std::vector<const TensorType*> types(std::string_view scheme, bool imatrix) const;

  struct Entry {
    QuantCategory category = QuantCategory::kept;
    std::uint32_t index = 0;  ///< among the tensors of its category, in llama-quantize's order
    bool mxfp4 = false;       ///< an expert that stays as the checkpoint has it
  };

 private:
  const ModelInfo& model_;
  std::vector<Entry> entries_;
  QuantFacts facts_;
};

/// quantize() with the plan of the same model, for callers that try several schemes.
Weights quantize(const ModelInfo& model, const QuantPlan& plan, const Scheme& scheme);

}  // namespace fitvram
