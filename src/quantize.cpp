#include "fitvram/quantize.hpp"

#include <algorithm>
#include <iterator>

#include "llama_quant.hpp"
#include "text.hpp"

namespace fitvram {

namespace {

constexpr auto gguf = SchemeFamily::gguf;

// Nominal bits are those of Llama-3.1-8B under the rules of llama_quant.cpp, which equal the sizes
// published in llama.cpp's tools/quantize/README.md; MXFP4_MOE's are gpt-oss-20b's.
constexpr Scheme table[] = {
    {"F32", gguf, 32000, false, "32-bit floats, unquantized"},
    {"F16", gguf, 16001, true, "16-bit floats, unquantized"},
    {"BF16", gguf, 16001, false, "16-bit brain floats, unquantized"},
    {"Q8_0", gguf, 8501, true, "8 bits, practically lossless"},
    {"Q6_K", gguf, 6563, true, "6 bits, very near lossless"},
    {"Q5_1", gguf, 6038, false, "5 bits, old format with offsets"},
    {"Q5_K_M", gguf, 5704, true, "5 bits, 6 for half of the value and down projections"},
    {"Q5_0", gguf, 5570, false, "5 bits, old format"},
    {"Q5_K_S", gguf, 5570, false, "5 bits throughout"},
    {"Q4_1", gguf, 5103, false, "4 bits, old format with offsets"},
    {"Q4_K_M", gguf, 4894, true, "4 bits, 6 for half of the value and down projections"},
    {"IQ4_NL", gguf, 4682, false, "4 bits, non-linear, blocks of 32"},
    {"Q4_K_S", gguf, 4667, false, "4 bits, 5 for the first layers"},
    {"Q4_0", gguf, 4636, false, "4 bits, old format"},
    {"MXFP4_MOE", gguf, 4627, false, "experts in MXFP4, everything else in 8 bits"},
    {"IQ4_XS", gguf, 4460, true, "4 bits, non-linear, smallest of its class"},
    {"Q3_K_L", gguf, 4298, false, "3 bits, 5 for the value and down projections"},
    {"Q3_K_M", gguf, 3996, true, "3 bits, 4 for the value and down projections"},
    {"IQ3_M", gguf, 3763, false, "3 bits, non-linear, 4 for the sensitive projections"},
    {"IQ3_S", gguf, 3661, false, "3 bits, non-linear"},
    {"Q3_K_S", gguf, 3643, false, "3 bits throughout"},
    {"IQ3_XS", gguf, 3498, false, "3 bits, non-linear; needs an importance matrix"},
    {"IQ3_XXS", gguf, 3255, true, "3 bits, non-linear; needs an importance matrix"},
    {"Q2_K", gguf, 3159, true, "2 bits, 3 for the sensitive projections"},
    {"Q2_K_S", gguf, 2970, false, "2 bits; needs an importance matrix"},
    {"IQ2_M", gguf, 2929, false, "2 bits, non-linear; needs an importance matrix"},
    {"IQ2_S", gguf, 2740, false, "2 bits, non-linear; needs an importance matrix"},
    {"IQ2_XS", gguf, 2588, false, "2 bits, non-linear; needs an importance matrix"},
    {"TQ2_0", gguf, 2517, false, "ternary, for models trained so"},
    {"IQ2_XXS", gguf, 2382, false, "2 bits, non-linear; needs an importance matrix"},
    {"TQ1_0", gguf, 2191, false, "ternary, packed, for models trained so"},
    {"IQ1_M", gguf, 2146, false, "under 2 bits; needs an importance matrix"},
    {"IQ1_S", gguf, 2004, false, "under 2 bits; needs an importance matrix"},
};

// llama-quantize accepts the bare name for the medium mix.
struct Alias {
  std::string_view name, scheme;
};
constexpr Alias aliases[] = {{"q3_k", "q3_k_m"}, {"q4_k", "q4_k_m"}, {"q5_k", "q5_k_m"},
                             {"fp16", "f16"},    {"fp32", "f32"},    {"mxfp4", "mxfp4_moe"}};

// n * bits / 8000 without leaving 64 bits.
Bytes flat_bytes(std::uint64_t n_params, std::uint64_t millibits) {
  return Bytes{sat_mul(n_params / 8000, millibits)} + Bytes{n_params % 8000 * millibits / 8000};
}

// Checkpoints that hold their linear layers in fewer bits, and which roles that covers.
const TensorType* checkpoint_type(const std::string& quant, const Tensor& tensor) {
  const bool matrix = tensor.ne[1] > 1 && tensor.name.ends_with(".weight");
  if (quant == "MXFP4" && tensor.role == TensorRole::expert && matrix)
    return find_tensor_type("MXFP4");
  const bool linear = tensor.role == TensorRole::attention || tensor.role == TensorRole::expert ||
                      tensor.role == TensorRole::feed_forward;
  if (quant == "FP8" && linear && matrix) return find_tensor_type("F8_E4M3");
  return tensor.type;
}

bool known_checkpoint(const std::string& quant) {
  return quant.empty() || quant == "BF16" || quant == "F16" || quant == "F32" || quant == "FP8" ||
         quant == "MXFP4";
}

Weights stored_by_tensor(const ModelInfo& model) {
  Weights weights;
  weights.quant = model.quant;
  weights.provenance = model.format == ModelFormat::gguf
                           ? Provenance::exact
                           : weakest(Provenance::derived, model.params);
  weights.types.reserve(model.tensors.size());
  for (const Tensor& tensor : model.tensors)
    weights.types.push_back(
        model.format == ModelFormat::gguf ? tensor.type : checkpoint_type(model.quant, tensor));
  return weights;
}

Note not_derived(const std::string& quant) {
  return {Severity::warning, "stored-size-assumed",
          "the size of " + quant +
              " weights does not follow from config.json: counted as 16 bits each"};
}

}  // namespace

std::span<const Scheme> schemes() { return table; }

const Scheme* find_scheme(std::string_view name) {
  std::string wanted = lower(name);
  for (const Alias& alias : aliases)
    if (alias.name == wanted) wanted = alias.scheme;
  const auto* it =
      std::find_if(std::begin(table), std::end(table),
                   [&wanted](const Scheme& scheme) { return lower(scheme.name) == wanted; });
  return it != std::end(table) ? it : nullptr;
}

Weights stored_weights(const ModelInfo& model) {
  if (model.format == ModelFormat::gguf && !model.tensors.empty()) return stored_by_tensor(model);
  Weights weights;
  weights.quant = model.quant;
  if (model.checkpoint_bytes > Bytes{}) {
    weights.flat = model.checkpoint_bytes;
    return weights;
  }
  if (!model.tensors.empty()) {
    weights = stored_by_tensor(model);
  } else {
    const Scheme* scheme = find_scheme(model.quant);
    weights.flat = flat_bytes(model.n_params, scheme != nullptr ? scheme->millibits : 16000);
    weights.provenance = weakest(Provenance::derived, model.params);
    if (scheme != nullptr) return weights;
  }
  if (!known_checkpoint(model.quant)) {
    weights.provenance = Provenance::assumed;
    weights.notes.push_back(not_derived(model.quant));
  }
  return weights;
}

Weights quantize(const ModelInfo& model, const Scheme& scheme) {
  return quantize(model, QuantPlan(model), scheme);
}

Weights quantize(const ModelInfo& model, const QuantPlan& plan, const Scheme& scheme) {
  Weights weights;
  weights.quant = scheme.name;
  weights.provenance = model.format == ModelFormat::gguf && !model.tensors.empty()
                           ? Provenance::exact
                           : weakest(Provenance::derived, model.params);
  if (!model.tensors.empty() && scheme.family == SchemeFamily::gguf)
    weights.types = plan.types(scheme.name, needs_imatrix(scheme.name));
  if (weights.types.empty()) weights.flat = flat_bytes(model.n_params, scheme.millibits);
  return weights;
}

}  // namespace fitvram
