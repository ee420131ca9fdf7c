#include <algorithm>
#include <iterator>

#include "base/name_index.hpp"
#include "base/sorted.hpp"
#include "fitvram/tensor.hpp"

namespace fitvram {

namespace {

struct NameRole {
  std::string_view base;
  TensorRole role;
};

// Base names of src/llama-arch.cpp LLM_TENSOR_NAMES, llama.cpp v0.5.0. What is not a weight of a
// block is told apart by where LLM_TENSOR_INFOS places it: with the input or with the output layer.
constexpr NameRole names[] = {
    {"altup_correct_scale", TensorRole::norm},
    {"altup_proj", TensorRole::output_norm},
    {"altup_router_norm", TensorRole::norm},
    {"altup_unembd_proj", TensorRole::output_norm},
    {"attn_compressor_ape", TensorRole::attention},
    {"attn_compressor_gate", TensorRole::attention},
    {"attn_compressor_kv", TensorRole::attention},
    {"attn_compressor_norm", TensorRole::attention},
    {"attn_conv_base", TensorRole::attention},
    {"attn_conv_proj", TensorRole::attention},
    {"attn_gate", TensorRole::attention},
    {"attn_k", TensorRole::attention},
    {"attn_k_b", TensorRole::attention},
    {"attn_k_norm", TensorRole::norm},
    {"attn_kv", TensorRole::attention},
    {"attn_kv_a_mqa", TensorRole::attention},
    {"attn_kv_a_norm", TensorRole::norm},
    {"attn_kv_b", TensorRole::attention},
    {"attn_norm", TensorRole::norm},
    {"attn_norm_2", TensorRole::norm},
    {"attn_o", TensorRole::attention},
    {"attn_output", TensorRole::attention},
    {"attn_output_a", TensorRole::attention},
    {"attn_output_b", TensorRole::attention},
    {"attn_output_norm", TensorRole::norm},
    {"attn_post_norm", TensorRole::norm},
    {"attn_q", TensorRole::attention},
    {"attn_q_a", TensorRole::attention},
    {"attn_q_a_norm", TensorRole::norm},
    {"attn_q_b", TensorRole::attention},
    {"attn_q_norm", TensorRole::norm},
    {"attn_qkv", TensorRole::attention},
    {"attn_rel_b", TensorRole::attention},
    {"attn_res_score", TensorRole::attention},
    {"attn_rot_embd", TensorRole::rope},
    {"attn_sinks", TensorRole::attention},
    {"attn_sub_norm", TensorRole::norm},
    {"attn_v", TensorRole::attention},
    {"attn_v_b", TensorRole::attention},
    {"channel_mix_key", TensorRole::feed_forward},
    {"channel_mix_lerp_k", TensorRole::feed_forward},
    {"channel_mix_lerp_r", TensorRole::feed_forward},
    {"channel_mix_receptance", TensorRole::feed_forward},
    {"channel_mix_value", TensorRole::feed_forward},
    {"cls", TensorRole::output_norm},
    {"cls.norm", TensorRole::output_norm},
    {"cls.output", TensorRole::output_norm},
    {"conf_proj", TensorRole::output_norm},
    {"cross_attn_k", TensorRole::attention},
    {"cross_attn_norm", TensorRole::norm},
    {"cross_attn_o", TensorRole::attention},
    {"cross_attn_q", TensorRole::attention},
    {"cross_attn_rel_b", TensorRole::attention},
    {"cross_attn_v", TensorRole::attention},
    {"d2t", TensorRole::output_norm},
    {"dec.output_norm", TensorRole::output_norm},
    {"dense_2", TensorRole::output_norm},
    {"dense_3", TensorRole::output_norm},
    {"enc.output_norm", TensorRole::output_norm},
    {"exp_probs_b", TensorRole::router},
    {"exp_probs_b_vl", TensorRole::router},
    {"fc", TensorRole::output_norm},
    {"ffn.act", TensorRole::feed_forward},
    {"ffn_conv_base", TensorRole::feed_forward},
    {"ffn_conv_proj", TensorRole::feed_forward},
    {"ffn_down", TensorRole::feed_forward},
    {"ffn_down_chexps", TensorRole::expert},
    {"ffn_down_exps", TensorRole::expert},
    {"ffn_down_shexp", TensorRole::feed_forward},
    {"ffn_gate", TensorRole::feed_forward},
    {"ffn_gate_chexps", TensorRole::expert},
    {"ffn_gate_exps", TensorRole::expert},
    {"ffn_gate_inp", TensorRole::router},
    {"ffn_gate_inp_shexp", TensorRole::router},
    {"ffn_gate_shexp", TensorRole::feed_forward},
    {"ffn_gate_tid2eid", TensorRole::router},
    {"ffn_gate_up_exps", TensorRole::expert},
    {"ffn_latent_down", TensorRole::feed_forward},
    {"ffn_latent_up", TensorRole::feed_forward},
    {"ffn_norm", TensorRole::norm},
    {"ffn_norm_exps", TensorRole::norm},
    {"ffn_post_norm", TensorRole::norm},
    {"ffn_res_score", TensorRole::feed_forward},
    {"ffn_routed_down", TensorRole::feed_forward},
    {"ffn_routed_norm", TensorRole::norm},
    {"ffn_routed_up", TensorRole::feed_forward},
    {"ffn_sub_norm", TensorRole::norm},
    {"ffn_up", TensorRole::feed_forward},
    {"ffn_up_chexps", TensorRole::expert},
    {"ffn_up_exps", TensorRole::expert},
    {"ffn_up_shexp", TensorRole::feed_forward},
    {"hc_attn_base", TensorRole::attention},
    {"hc_attn_down", TensorRole::attention},
    {"hc_attn_fn", TensorRole::attention},
    {"hc_attn_inject", TensorRole::attention},
    {"hc_attn_norm", TensorRole::attention},
    {"hc_attn_scale", TensorRole::attention},
    {"hc_attn_up", TensorRole::attention},
    {"hc_ffn_base", TensorRole::feed_forward},
    {"hc_ffn_down", TensorRole::feed_forward},
    {"hc_ffn_fn", TensorRole::feed_forward},
    {"hc_ffn_inject", TensorRole::feed_forward},
    {"hc_ffn_norm", TensorRole::feed_forward},
    {"hc_ffn_scale", TensorRole::feed_forward},
    {"hc_ffn_up", TensorRole::feed_forward},
    {"hrm.z_l_init", TensorRole::position_embd},
    {"laurel_post_norm", TensorRole::norm},
    {"layer_output_norm", TensorRole::norm},
    {"layer_output_scale", TensorRole::norm},
    {"markov_w1", TensorRole::output_norm},
    {"markov_w2", TensorRole::output_norm},
    {"masked_embd_centroids", TensorRole::position_embd},
    {"masked_embd_ordering", TensorRole::position_embd},
    {"nextn.enorm", TensorRole::norm},
    {"nextn.hnorm", TensorRole::norm},
    {"nextn.post_projection", TensorRole::output_norm},
    {"nextn.shared_head_norm", TensorRole::norm},
    {"output", TensorRole::output},
    {"output_hc_base", TensorRole::output_norm},
    {"output_hc_down", TensorRole::output_norm},
    {"output_hc_fn", TensorRole::output_norm},
    {"output_hc_norm", TensorRole::output_norm},
    {"output_hc_scale", TensorRole::output_norm},
    {"output_hc_up", TensorRole::output_norm},
    {"output_norm", TensorRole::output_norm},
    {"output_res_score", TensorRole::output_norm},
    {"per_layer_proj_norm", TensorRole::norm},
    {"per_layer_token_embd", TensorRole::per_layer_embd},
    {"ple_norm_conv", TensorRole::norm},
    {"ple_norm_key", TensorRole::norm},
    {"ple_norm_query", TensorRole::norm},
    {"position_embd", TensorRole::position_embd},
    {"post_attention_norm", TensorRole::norm},
    {"post_ffw_norm", TensorRole::norm},
    {"post_ffw_norm_1", TensorRole::norm},
    {"post_ffw_norm_2", TensorRole::norm},
    {"post_norm", TensorRole::norm},
    {"pre_ffw_norm_2", TensorRole::norm},
    {"rope_factors_long", TensorRole::rope},
    {"rope_factors_short", TensorRole::rope},
    {"rope_freqs", TensorRole::rope},
    {"selector_hidden", TensorRole::output_norm},
    {"selector_predecessor", TensorRole::output_norm},
    {"selector_successor", TensorRole::output_norm},
    {"shortconv.conv", TensorRole::recurrent},
    {"shortconv.in_proj", TensorRole::recurrent},
    {"shortconv.out_proj", TensorRole::recurrent},
    {"ssm_a", TensorRole::recurrent},
    {"ssm_alpha", TensorRole::recurrent},
    {"ssm_b_norm", TensorRole::recurrent},
    {"ssm_ba", TensorRole::recurrent},
    {"ssm_beta", TensorRole::recurrent},
    {"ssm_c_norm", TensorRole::recurrent},
    {"ssm_conv1d", TensorRole::recurrent},
    {"ssm_conv1d_k", TensorRole::recurrent},
    {"ssm_conv1d_q", TensorRole::recurrent},
    {"ssm_conv1d_v", TensorRole::recurrent},
    {"ssm_d", TensorRole::recurrent},
    {"ssm_dt", TensorRole::recurrent},
    {"ssm_dt_norm", TensorRole::recurrent},
    {"ssm_f_a", TensorRole::recurrent},
    {"ssm_f_b", TensorRole::recurrent},
    {"ssm_g", TensorRole::recurrent},
    {"ssm_g_a", TensorRole::recurrent},
    {"ssm_g_b", TensorRole::recurrent},
    {"ssm_in", TensorRole::recurrent},
    {"ssm_norm", TensorRole::recurrent},
    {"ssm_out", TensorRole::recurrent},
    {"ssm_x", TensorRole::recurrent},
    {"time_mix_a0", TensorRole::recurrent},
    {"time_mix_a1", TensorRole::recurrent},
    {"time_mix_a2", TensorRole::recurrent},
    {"time_mix_decay", TensorRole::recurrent},
    {"time_mix_decay_w1", TensorRole::recurrent},
    {"time_mix_decay_w2", TensorRole::recurrent},
    {"time_mix_first", TensorRole::recurrent},
    {"time_mix_g1", TensorRole::recurrent},
    {"time_mix_g2", TensorRole::recurrent},
    {"time_mix_gate", TensorRole::recurrent},
    {"time_mix_k_a", TensorRole::recurrent},
    {"time_mix_k_k", TensorRole::recurrent},
    {"time_mix_key", TensorRole::recurrent},
    {"time_mix_lerp_fused", TensorRole::recurrent},
    {"time_mix_lerp_g", TensorRole::recurrent},
    {"time_mix_lerp_k", TensorRole::recurrent},
    {"time_mix_lerp_r", TensorRole::recurrent},
    {"time_mix_lerp_v", TensorRole::recurrent},
    {"time_mix_lerp_w", TensorRole::recurrent},
    {"time_mix_lerp_x", TensorRole::recurrent},
    {"time_mix_ln", TensorRole::recurrent},
    {"time_mix_output", TensorRole::recurrent},
    {"time_mix_r_k", TensorRole::recurrent},
    {"time_mix_receptance", TensorRole::recurrent},
    {"time_mix_v0", TensorRole::recurrent},
    {"time_mix_v1", TensorRole::recurrent},
    {"time_mix_v2", TensorRole::recurrent},
    {"time_mix_value", TensorRole::recurrent},
    {"time_mix_w0", TensorRole::recurrent},
    {"time_mix_w1", TensorRole::recurrent},
    {"time_mix_w2", TensorRole::recurrent},
    {"token_embd", TensorRole::token_embd},
    {"token_embd_norm", TensorRole::norm},
    {"token_types", TensorRole::position_embd},
    {"vis_attn_output", TensorRole::multimodal},
    {"vis_attn_qkv", TensorRole::multimodal},
    {"vis_down", TensorRole::multimodal},
    {"vis_gate", TensorRole::multimodal},
    {"vis_up", TensorRole::multimodal},
};

static_assert(sorted_and_unique(names, &NameRole::base));
constexpr NameIndex<std::size(names)> by_name(names, &NameRole::base);

constexpr std::string_view suffixes[] = {".weight", ".bias", ".scale", ".input_scale"};
constexpr std::string_view towers[] = {"v.", "a.", "mm.", "s.", "sam.", "resampler."};

std::string_view without_suffix(std::string_view name) {
  for (const auto suffix : suffixes)
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  return name;
}

const NameRole* find_base(std::string_view base) {
  return by_name.find(names, &NameRole::base, base);
}

// "ffn_up.7": files from before experts were merged hold one tensor per expert.
bool is_single_expert(std::string_view base) {
  const auto dot = base.find('.');
  if (dot == std::string_view::npos || dot + 1 == base.size()) return false;
  const auto digits = base.substr(dot + 1);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  const auto stem = base.substr(0, dot);
  return stem == "ffn_gate" || stem == "ffn_up" || stem == "ffn_down";
}

}  // namespace

const char* name_of(TensorRole role) {
  switch (role) {
    case TensorRole::token_embd:
      return "token-embedding";
    case TensorRole::position_embd:
      return "position-embedding";
    case TensorRole::per_layer_embd:
      return "per-layer-embedding";
    case TensorRole::output:
      return "output";
    case TensorRole::output_norm:
      return "output-norm";
    case TensorRole::norm:
      return "norm";
    case TensorRole::attention:
      return "attention";
    case TensorRole::feed_forward:
      return "feed-forward";
    case TensorRole::expert:
      return "expert";
    case TensorRole::router:
      return "router";
    case TensorRole::recurrent:
      return "recurrent";
    case TensorRole::indexer:
      return "indexer";
    case TensorRole::rope:
      return "rope";
    case TensorRole::multimodal:
      return "multimodal";
    case TensorRole::other:
      return "other";
  }
  return "";
}

TensorRole role_of(std::string_view name) {
  for (const auto tower : towers)
    if (name.starts_with(tower)) return TensorRole::multimodal;
  std::string_view base = without_suffix(name);
  if (const auto* row = find_base(base)) return row->role;
  if (base.starts_with("indexer.") || base.starts_with("indexer_")) return TensorRole::indexer;
  if (is_single_expert(base)) return TensorRole::expert;
  if (base.starts_with("enc.") || base.starts_with("dec."))
    if (const auto* row = find_base(base.substr(4))) return row->role;
  return TensorRole::other;
}

std::string full_name(const Tensor& tensor) {
  std::string name(tensor.name);
  if (tensor.layer < 0) return name;
  const bool stack = name.starts_with("enc.") || name.starts_with("dec.");
  return name.insert(stack ? 4 : 0, "blk." + std::to_string(tensor.layer) + ".");
}

}  // namespace fitvram
