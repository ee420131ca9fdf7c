#include "runtimes/shared/single_device.hpp"

#include <algorithm>

#include "families/family.hpp"

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
  sum.device = part_of(weights, sum.device);
  return sum;
}

namespace {

/// Values per token beside three embeddings, and what they are.
struct Widest {
  std::uint64_t values = 0;
  std::string formula;
  const char* what = "";
};

Widest widest_of(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const std::uint64_t n_embd = hp.n_embd.value_or(0);
  const std::uint64_t heads = std::max(hp.n_head.max(), hp.n_head_kv.max());
  const std::uint64_t head_dim =
      std::max(hp.head_dim_k_mla.value_or(0),
               hp.head_dim_k_mla ? 0 : hp.head_dim_k.value_or(0));  // a latent is no head
  const std::uint64_t attention = sat_mul(4, sat_mul(heads, head_dim));
  const std::uint64_t dense = sat_mul(3, hp.n_ff.max());
  const std::uint64_t experts =
      sat_mul(hp.n_expert_used.max(), sat_add(n_embd, sat_mul(3, hp.n_ff_exp.max())));
  if (attention > std::max(dense, experts))
    return {attention, "4 * " + number(heads) + " * " + number(head_dim),
            "queries, keys, values and results"};
  if (dense >= experts) return {dense, "3 * " + number(hp.n_ff.max()), "gate, up and product"};
  return {experts,
          number(hp.n_expert_used.max()) + " * (" + number(n_embd) + " + 3 * " +
              number(hp.n_ff_exp.max()) + ")",
          "result, gate, up and product of the experts used"};
}

}  // namespace

Bytes chunk_workspace(const ModelInfo& model, std::uint64_t n_tokens, std::uint64_t n_seq) {
  const Hparams& hp = model.hparams;
  const std::uint64_t width = sat_add(sat_mul(3, hp.n_embd.value_or(0)), widest_of(model).values);
  return Bytes{2} * sat_mul(n_tokens, width) + Bytes{4} * sat_mul(n_seq, hp.n_vocab.value_or(0));
}

Step explain_chunk_workspace(const ModelInfo& model, std::uint64_t n_tokens, std::uint64_t n_seq) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const Hparams& hp = model.hparams;
  const Widest widest = widest_of(model);
  return {"compute (device)",
          "2 * " + number(n_tokens) + " * (3 * " + number(hp.n_embd.value_or(0)) + " + " +
              widest.formula + ") + 4 * " + number(n_seq) + " * " + number(hp.n_vocab.value_or(0)),
          chunk_workspace(model, n_tokens, n_seq).count,
          std::string("2 bytes * tokens of a prefill chunk * (3 embeddings + ") + widest.what +
              "), and the logits of a token of each sequence in 4 bytes; derived from the shapes"};
}

std::vector<std::string_view> family_words(const ModelInfo& model) {
  constexpr std::string_view text = "_text";
  const std::string_view type = model.model_type;
  if (type.ends_with(text)) return {type, type.substr(0, type.size() - text.size())};
  if (!type.empty()) return {type};
  const Family* family = find_family(model.architecture);
  if (family == nullptr) return {model.architecture};
  std::vector<std::string_view> words;
  for (std::string_view rest = family->hf; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

}  // namespace fitvram
