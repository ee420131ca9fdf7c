#include "one_device.hpp"

#include <algorithm>

#include "architectures.hpp"

namespace fitvram {

Placement whole_weights(const ModelInfo& model, const Weights& weights, const Workload&) {
  Placement sum;
  if (weights.types.size() != model.tensors.size() || model.tensors.empty()) {
    sum.device = weights.flat;
    return sum;
  }
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    if (tensor.layer >= 0 && static_cast<std::uint32_t>(tensor.layer) >= model.n_layer) continue;
    sum.device += tensor_bytes(tensor, *weights.types[i]);
  }
  return sum;
}

Bytes chunk_workspace(const ModelInfo& model, std::uint64_t n_tokens, std::uint64_t n_seq) {
  const Hparams& hp = model.hparams;
  const std::uint64_t n_embd = hp.n_embd.value_or(0);
  const std::uint64_t heads = std::max(hp.n_head.max(), hp.n_head_kv.max());
  const std::uint64_t head_dim =
      std::max(hp.head_dim_k_mla.value_or(0),
               hp.head_dim_k_mla ? 0 : hp.head_dim_k.value_or(0));  // a latent is no head
  const std::uint64_t attention = sat_mul(4, sat_mul(heads, head_dim));
  const std::uint64_t dense = sat_mul(3, hp.n_ff.max());
  const std::uint64_t experts =
      sat_mul(hp.n_expert_used.max(), sat_add(n_embd, sat_mul(3, hp.n_ff_exp.max())));
  const std::uint64_t width = sat_add(sat_mul(3, n_embd), std::max({attention, dense, experts}));
  return Bytes{2} * sat_mul(n_tokens, width) + Bytes{4} * sat_mul(n_seq, hp.n_vocab.value_or(0));
}

std::string family_words(const ModelInfo& model) {
  constexpr std::string_view text = "_text";
  const std::string& type = model.model_type;
  if (type.ends_with(text)) return type + ' ' + type.substr(0, type.size() - text.size());
  if (!type.empty()) return type;
  const Architecture* arch = find_architecture(model.architecture);
  return arch != nullptr ? std::string(arch->hf) : model.architecture;
}

}  // namespace fitvram
