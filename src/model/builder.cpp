#include "model/builder.hpp"

#include <algorithm>
#include <iterator>

namespace fitvram {

namespace {

// conversion/base.py prepare_tensors: besides vectors, norms and whatever is no ".weight".
constexpr std::string_view always_f32[] = {
    "altup_correct_coef.weight", "altup_predict_coef.weight", "ffn_gate_inp.weight",
    "ffn_gate_inp_shexp.weight", "indexer.proj.weight",       "position_embd.weight",
    "shortconv.conv.weight",     "ssm_conv1d.weight",         "ssm_conv1d_k.weight",
    "ssm_conv1d_q.weight",       "ssm_conv1d_v.weight",       "time_mix_decay_w1.weight",
    "time_mix_decay_w2.weight",  "time_mix_first.weight",     "time_mix_lerp_fused.weight",
    "time_mix_w1.weight",        "time_mix_w2.weight",        "token_types.weight",
};

const TensorType* source_type(const std::string& quant) {
  return find_tensor_type(quant == "F16" || quant == "F32" ? quant : "BF16");
}

}  // namespace

TensorBuilder::TensorBuilder(ModelInfo& model, const TensorRule& family)
    : rule(family),
      h(model.hparams),
      model_(model),
      source_(source_type(model.quant)),
      f32_(find_tensor_type("F32")) {}

void TensorBuilder::add(std::string name, std::uint64_t ne0, std::uint64_t ne1, std::uint64_t ne2) {
  add_4d(std::move(name), {ne0, ne1, ne2, 1});
}

void TensorBuilder::add_4d(std::string name, const std::array<std::uint64_t, 4>& ne) {
  const bool empty = std::find(ne.begin(), ne.end(), std::uint64_t{0}) != ne.end();
  if (empty && missing_.empty()) missing_ = name;
  const bool f32 =
      (ne[1] == 1 && ne[2] == 1 && ne[3] == 1) || !name.ends_with(".weight") ||
      name.ends_with("_norm.weight") ||
      std::find(std::begin(always_f32), std::end(always_f32), name) != std::end(always_f32);
  Tensor tensor;
  tensor.ne = ne;
  tensor.layer = layer_;
  tensor.role = role_of(name);
  tensor.type = f32 ? f32_ : source_;
  if (name == "ffn_gate_tid2eid.weight") tensor.type = find_tensor_type("I32");
  tensor.name = name;
  model_.tensors.push_back(std::move(tensor));
}

void TensorBuilder::weight(std::string_view name, std::uint64_t ne0, std::uint64_t ne1,
                           std::uint64_t ne2) {
  add(std::string(name) + ".weight", ne0, ne1, ne2);
}

void TensorBuilder::linear(std::string_view name, std::uint64_t ne0, std::uint64_t ne1, bool bias) {
  weight(name, ne0, ne1);
  if (bias) add(std::string(name) + ".bias", ne1);
}

void TensorBuilder::norm(std::string_view name, std::uint64_t width) {
  weight(name, width);
  if (rule.norms.biases) add(std::string(name) + ".bias", width);
}

std::uint32_t TensorBuilder::n_trunk() const {
  const std::uint32_t n_layer = h.n_layer.value_or(0);
  return n_layer - std::min(n_layer, h.n_layer_nextn.value_or(0));
}

bool TensorBuilder::is_nextn() const { return layer() >= n_trunk(); }

bool TensorBuilder::is_recurrent() const {
  if (rule.recurrent == RecurrentBlock::none || is_nextn()) return false;
  if (rule.attention == AttentionBlock::none) return true;
  if (layer() < h.recurrent_layers.size()) return h.recurrent_layers[layer()];
  switch (rule.recurrent) {
    case RecurrentBlock::delta_net:
    case RecurrentBlock::delta_net_split:
    case RecurrentBlock::lightning:
      return (layer() + 1) % std::max(1U, h.full_attention_interval.value_or(4)) != 0;
    case RecurrentBlock::none:
    case RecurrentBlock::mamba:
    case RecurrentBlock::mamba_normed:
    case RecurrentBlock::mamba2:
    case RecurrentBlock::mamba2_bare:
    case RecurrentBlock::kda:
    case RecurrentBlock::kda_whole:
    case RecurrentBlock::kda_k3:
    case RecurrentBlock::short_conv:
    case RecurrentBlock::rwkv6:
    case RecurrentBlock::rwkv7:
    case RecurrentBlock::mamba_heads:
    case RecurrentBlock::rwkv6_gqa:
    case RecurrentBlock::rwkv7_mixer:
      break;
  }
  return h.n_head_kv.at(layer()) == 0 && (rule.mixers != Mixers::alone || h.n_ff.at(layer()) == 0);
}

bool TensorBuilder::is_swa() const {
  if (layer() < h.swa_layers.size()) return h.swa_layers[layer()];
  const std::uint32_t period = h.swa_period.value_or(0);
  return period > 0 && (layer() + 1) % period != 0;
}

bool TensorBuilder::is_moe() const {
  // Experts of an unknown number are experts: the tensors then have no shape.
  const bool uncounted = !h.n_expert && (h.n_expert_used.max() > 0 || h.n_ff_exp.max() > 0);
  if (h.n_expert.value_or(0) == 0 && !uncounted) return false;
  if (is_nextn()) return !rule.nextn.dense;
  const std::uint32_t step = h.moe_every_n_layers.value_or(rule.experts.every_second ? 2 : 1);
  return layer() >= h.n_layer_dense_lead.value_or(0) && step > 0 && (layer() + 1) % step == 0;
}

bool TensorBuilder::is_cross() const {
  return std::find(h.cross_layers.begin(), h.cross_layers.end(), layer()) != h.cross_layers.end();
}

std::uint64_t TensorBuilder::n_head_kv() const {
  return h.n_head_kv.present() ? h.n_head_kv.at(layer()) : n_head();
}

std::uint64_t TensorBuilder::head_dim_k() const {
  if (h.head_dim_k_swa && is_swa()) return *h.head_dim_k_swa;
  if (h.head_dim_k) return *h.head_dim_k;
  const std::uint64_t heads = h.n_head.max();
  return heads == 0 ? 0 : n_embd() / heads;
}

std::uint64_t TensorBuilder::head_dim_v() const {
  if (h.head_dim_v_swa && is_swa()) return *h.head_dim_v_swa;
  return h.head_dim_v ? *h.head_dim_v : head_dim_k();
}

std::uint64_t TensorBuilder::n_ff() const {
  const std::uint64_t width = h.n_ff.at(layer());
  return rule.half_ff ? width / 2 : width;
}

}  // namespace fitvram
