#include "runtimes/shared/tensor_parallel.hpp"

#include <algorithm>
#include <string_view>

#include "base/proportion.hpp"
#include "families/family.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t vocab_padding = 64;  // DEFAULT_VOCAB_PADDING_SIZE

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

bool is_vocabulary(const Tensor& tensor) {
  return tensor.role == TensorRole::token_embd || tensor.role == TensorRole::output ||
         tensor.role == TensorRole::per_layer_embd;
}

bool on_every_card(const Tensor& tensor) {
  const std::string_view name = tensor.name;
  switch (tensor.role) {
    case TensorRole::norm:
    case TensorRole::output_norm:
    case TensorRole::router:
    case TensorRole::indexer:
    case TensorRole::position_embd:
      return true;
    case TensorRole::attention:
      return contains(name, "_a_mqa") || contains(name, "_q_a.") || contains(name, "_kv_a") ||
             contains(name, "norm") || name == "attn_output.bias";
    case TensorRole::feed_forward:
      return name == "ffn_down.bias" || contains(name, "gate_inp");
    case TensorRole::token_embd:
    case TensorRole::per_layer_embd:
    case TensorRole::output:
    case TensorRole::expert:
    case TensorRole::recurrent:
    case TensorRole::rope:
    case TensorRole::multimodal:
    case TensorRole::other:
      return false;
  }
  return false;
}

/// Copies of each key and value head: cards beyond the heads hold one again.
std::uint64_t kv_copies(const ModelInfo& model, const Tensor& tensor, std::uint64_t n_tp) {
  const std::string_view name = tensor.name;
  if (!name.starts_with("attn_k.") && !name.starts_with("attn_v.")) return 1;
  const std::size_t layer = tensor.layer < 0 ? 0 : static_cast<std::size_t>(tensor.layer);
  const std::uint64_t heads = std::max(1U, model.hparams.n_head_kv.at(layer));
  return n_tp > heads ? n_tp / heads : 1;
}

Bytes on_all_cards(const ModelInfo& model, const Tensor& tensor, const TensorType& type,
                   std::uint64_t n_tp, bool pads) {
  if (tensor.role == TensorRole::rope) return Bytes{};  // computed: rope_tables()
  Tensor padded = tensor;
  if (pads && is_vocabulary(tensor) && tensor.ne[1] > 1)
    padded.ne[1] = round_up(tensor.ne[1], vocab_padding);
  const Bytes whole = tensor_bytes(padded, type);
  if (n_tp == 1) return whole;
  if (on_every_card(tensor)) return whole * n_tp;
  return Bytes{ceil_div(sat_mul(whole.count, kv_copies(model, tensor, n_tp)), n_tp)} * n_tp;
}

}  // namespace

Bytes split_state(std::uint64_t values, std::uint64_t bytes_each, std::uint32_t n_tp) {
  return Bytes{bytes_each} * ceil_div(values, std::max(1U, n_tp));
}

Bytes sharded_weights(const ModelInfo& model, const Weights& weights, std::uint32_t n_cards,
                      bool padded) {
  const std::uint64_t n_tp = std::max(1U, n_cards);
  const bool typed = weights.types.size() == model.tensors.size() && !model.tensors.empty();
  // What is not packed is loaded in 16 bits, whatever the checkpoint has it in.
  const TensorType& bf16 = *find_tensor_type("BF16");
  const Bytes towers = Bytes{ceil_div(2 * model.n_params_mmproj, n_tp)} * n_tp;
  Bytes sum, plain;  // of what is loaded on all cards; of the whole checkpoint once
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    if (tensor.role != TensorRole::rope) plain += tensor_bytes(tensor, bf16);
    if (tensor.layer >= 0 && static_cast<std::uint64_t>(tensor.layer) >= model.n_layer) continue;
    sum += on_all_cards(model, tensor, bf16, n_tp, padded);
  }
  if (typed) return sum + towers;
  // A checkpoint's own total counts its towers.
  const bool counted = weights.flat == checkpoint_size(model) && model.n_params_mmproj != 0;
  const Bytes text = counted ? weights.flat - Bytes{2 * model.n_params_mmproj} : weights.flat;
  return in_proportion(text, sum, plain) + towers;
}

Bytes rope_tables(const ModelInfo& model, std::uint32_t n_tp) {
  const Hparams& hp = model.hparams;
  const Family* family = find_family(model.architecture);
  const bool two_bases = has_window(model) && family != nullptr && family->elsewhere.two_rope_bases;
  std::uint64_t values = hp.n_rot.value_or(hp.head_dim_k.value_or(0));
  if (two_bases) values += hp.head_dim_k_swa.value_or(hp.head_dim_k.value_or(0));
  return Bytes{2} * sat_mul(values, model.n_ctx_train) * std::max(1U, n_tp);
}

Placement weights_on_cards(const ModelInfo& model, const Weights& weights,
                           const Workload& workload) {
  return {sharded_weights(model, weights, workload.n_tp) + rope_tables(model, workload.n_tp),
          Bytes{}};
}

}  // namespace fitvram
