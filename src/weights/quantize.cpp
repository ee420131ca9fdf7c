#include "fitvram/quantize.hpp"

#include "base/proportion.hpp"
#include "weights/llama_quant.hpp"

namespace fitvram {

namespace {

// n * bits / 8000 without leaving 64 bits.
Bytes flat_bytes(std::uint64_t n_params, std::uint64_t millibits) {
  return Bytes{sat_mul(n_params / 8000, millibits)} + Bytes{n_params % 8000 * millibits / 8000};
}

Weights stored_by_tensor(const ModelInfo& model) {
  Weights weights;
  weights.quant = model.quant;
  weights.provenance = model.format == ModelFormat::gguf
                           ? Provenance::exact
                           : weakest(Provenance::derived, model.params);
  weights.types.reserve(model.tensors.size());
  for (const Tensor& tensor : model.tensors) weights.types.push_back(tensor.type);
  return weights;
}

Note not_derived(const std::string& quant, const Scheme* usual) {
  return {Severity::warning, "stored-size-assumed",
          "the size of " + quant + " weights does not follow from config.json: counted " +
              (usual == nullptr ? "as 16 bits each" : "as that scheme usually packs them")};
}

Bytes bytes_of(const ModelInfo& model, const std::vector<const TensorType*>& types) {
  Bytes sum;
  for (std::size_t i = 0; i < types.size(); ++i) sum += tensor_bytes(model.tensors[i], *types[i]);
  return sum;
}

/// The rung of the ladder that is next below the size, or the lowest.
const Scheme* scheme_of_size(const ModelInfo& model, const QuantPlan& plan, Bytes size) {
  const Scheme* lowest = nullptr;
  for (const Scheme& scheme : schemes()) {
    if (!scheme.ladder) continue;
    lowest = &scheme;
    if (bytes_of(model, quantize(model, plan, scheme).types) <= size) break;
  }
  return lowest;
}

}  // namespace

Bytes part_of(const Weights& weights, Bytes part) {
  return weights.stated == Bytes{} ? part : in_proportion(weights.stated, part, weights.typed);
}

Weights weights_of_size(const ModelInfo& model, Bytes size, const std::string& name,
                        const Scheme* scheme, bool split) {
  Weights weights;
  weights.quant = name;
  weights.provenance = Provenance::assumed;
  std::string how = "the size of its file was given";
  if (!split || model.tensors.empty()) {
    weights.flat = size;
    if (name.empty()) weights.quant = "file";
  } else {
    const QuantPlan plan(model);
    if (scheme == nullptr || scheme->family != SchemeFamily::gguf)
      scheme = scheme_of_size(model, plan, size);
    weights.types = quantize(model, plan, *scheme).types;
    weights.stated = size;
    weights.typed = bytes_of(model, weights.types);
    if (name.empty()) weights.quant = "~" + std::string(scheme->name);
    how += ": split among its parts as " + std::string(scheme->name) + " splits them";
  }
  weights.notes.push_back({Severity::info, "file-size-given", how});
  return weights;
}

Weights stored_weights(const ModelInfo& model) {
  const bool whole = model.quant.empty() || model.quant == "BF16" || model.quant == "F16" ||
                     model.quant == "F32" || model.format == ModelFormat::gguf;
  if (!model.tensors.empty() &&
      (model.format == ModelFormat::gguf || (whole && model.checkpoint_bytes == Bytes{})))
    return stored_by_tensor(model);
  Weights weights;
  weights.quant = model.quant;
  if (model.checkpoint_bytes > Bytes{}) {
    weights.flat = model.checkpoint_bytes;
    return weights;
  }
  weights.provenance = weakest(Provenance::derived, model.params);
  if (!model.packings.empty() && !model.tensors.empty()) {
    weights.flat = checkpoint_size(model);
    return weights;
  }
  const Scheme* scheme = find_scheme(model.quant);
  const bool flat = model.tensors.empty() || scheme == nullptr;
  weights.flat = flat ? flat_bytes(model.n_params, scheme != nullptr ? scheme->millibits : 16000)
                      : packed_size(model, scheme->packings, 16);
  if (!whole && !model.tensors.empty()) {
    weights.provenance = Provenance::assumed;
    weights.notes.push_back(not_derived(model.quant, scheme));
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
  if (!model.tensors.empty() && !scheme.packings.empty())
    weights.flat = packed_size(model, scheme.packings, 16);
  else if (weights.types.empty())
    weights.flat = flat_bytes(model.n_params, scheme.millibits);
  return weights;
}

}  // namespace fitvram
