#include "model/feed_forward.hpp"

namespace fitvram {

namespace {

void add_dense(TensorBuilder& b) {
  const std::uint64_t n_ff = b.rule.experts.dense == DenseBeside::like_embd ? b.n_embd() : b.n_ff();
  if (n_ff == 0 && b.rule.optional_blocks) return;
  const bool bias = has_bias(b.rule.biases.mlp, b.h.mlp_bias);
  switch (b.rule.feed_forward) {
    case FeedForwardBlock::none:
      return;
    case FeedForwardBlock::gated:
      b.linear("ffn_gate", b.n_embd(), n_ff, bias);
      b.linear("ffn_up", b.n_embd(), n_ff, bias);
      break;
    case FeedForwardBlock::plain:
      b.linear("ffn_up", b.n_embd(), n_ff, bias);
      break;
    case FeedForwardBlock::fused:
      b.linear("ffn_up", b.n_embd(), sat_mul(2, n_ff), bias);
      break;
  }
  b.linear("ffn_down", n_ff, b.n_embd(), bias);
}

std::uint64_t n_ff_exp(const TensorBuilder& b) {
  const std::uint64_t stated = b.h.n_ff_exp.at(b.layer());
  return stated > 0 ? stated : b.n_ff();
}

std::uint64_t n_ff_shared(const TensorBuilder& b) {
  if (b.rule.experts.shared == SharedWidth::like_expert) return n_ff_exp(b);
  const std::uint64_t stated = b.h.n_ff_shexp.value_or(0);
  if (stated > 0) return stated;
  if (b.rule.experts.shared == SharedWidth::like_dense) return b.n_ff();
  return sat_mul(n_ff_exp(b), b.h.n_expert_shared.value_or(0));
}

void add_experts(TensorBuilder& b, std::uint64_t width) {
  const std::uint64_t n_expert = b.h.n_expert.value_or(0);
  const std::uint64_t n_ff = n_ff_exp(b);
  const bool bias = b.rule.experts.biases;
  b.linear("ffn_gate_inp", b.n_embd(), n_expert, bias);
  const bool sigmoid = b.h.expert_gating_func.value_or(0) == 2;
  const RouterBias router = b.rule.experts.router_bias;
  if (router == RouterBias::always || (router == RouterBias::if_sigmoid && sigmoid))
    b.add("exp_probs_b.bias", n_expert);
  if (b.rule.experts.fused) {
    b.weight("ffn_gate_up_exps", width, sat_mul(2, n_ff), n_expert);
  } else {
    if (b.rule.feed_forward == FeedForwardBlock::gated)
      b.weight("ffn_gate_exps", width, n_ff, n_expert);
    b.weight("ffn_up_exps", width, n_ff, n_expert);
  }
  b.weight("ffn_down_exps", n_ff, width, n_expert);
  if (bias) {
    b.add("ffn_gate_exps.bias", n_ff, n_expert);
    b.add("ffn_up_exps.bias", n_ff, n_expert);
    b.add("ffn_down_exps.bias", b.n_embd(), n_expert);
  }
}

void add_shared_expert(TensorBuilder& b) {
  const std::uint64_t n_ff = n_ff_shared(b);
  if (n_ff == 0) return;
  if (b.rule.feed_forward == FeedForwardBlock::gated) b.weight("ffn_gate_shexp", b.n_embd(), n_ff);
  b.weight("ffn_up_shexp", b.n_embd(), n_ff);
  b.weight("ffn_down_shexp", n_ff, b.n_embd());
  if (b.rule.experts.shared_gate) b.weight("ffn_gate_inp_shexp", b.n_embd());
}

void add_latent(TensorBuilder& b, std::uint64_t latent) {
  const bool kimi = b.rule.experts.latent == LatentExperts::routed;
  b.weight(kimi ? "ffn_routed_down" : "ffn_latent_down", b.n_embd(), latent);
  b.weight(kimi ? "ffn_routed_up" : "ffn_latent_up", latent, b.n_embd());
  if (kimi) b.weight("ffn_routed_norm", latent);
}

void add_moe(TensorBuilder& b) {
  const std::uint64_t latent =
      b.rule.experts.latent != LatentExperts::none ? b.h.moe_latent_size.value_or(0) : 0;
  add_experts(b, latent > 0 ? latent : b.n_embd());
  if (latent > 0) add_latent(b, latent);
  add_shared_expert(b);
}

bool has_dense_beside(const TensorBuilder& b) {
  const DenseBeside dense = b.rule.experts.dense;
  return dense == DenseBeside::if_stated ? b.h.n_ff_exp.present() : dense != DenseBeside::none;
}

}  // namespace

void add_feed_forward(TensorBuilder& b) {
  if (b.rule.feed_forward == FeedForwardBlock::none) return;
  const bool moe = b.is_moe();
  if (!moe || has_dense_beside(b)) add_dense(b);
  if (!moe) return;
  add_moe(b);
  if (b.rule.experts.dense == DenseBeside::normed) {
    b.add("ffn_gate_inp.scale", b.n_embd());
    b.add("ffn_down_exps.scale", b.h.n_expert.value_or(0));
    for (const char* name : {"pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"})
      b.norm(name, b.n_embd());
  }
}

}  // namespace fitvram
