#include "model/recurrent.hpp"

#include <algorithm>
#include <cmath>

namespace fitvram {

namespace {

struct StateSizes {
  std::uint64_t conv, inner, state, groups, rank;
};

StateSizes sizes_of(const Hparams& h) {
  return {h.ssm_conv_kernel.value_or(0), h.ssm_inner_size.value_or(0), h.ssm_state_size.value_or(0),
          h.ssm_group_count.value_or(0), h.ssm_time_step_rank.value_or(0)};
}

void add_mamba(TensorBuilder& b, bool normed) {
  const StateSizes s = sizes_of(b.h);
  b.weight("ssm_in", b.n_embd(), sat_mul(2, s.inner));
  b.weight("ssm_conv1d", s.conv, s.inner);
  b.add("ssm_conv1d.bias", s.inner);
  b.weight("ssm_x", s.inner, sat_add(s.rank, sat_mul(2, s.state)));
  b.weight("ssm_dt", s.rank, s.inner);
  b.add("ssm_dt.bias", s.inner);
  if (normed) {
    b.weight("ssm_dt_norm", s.rank);
    b.weight("ssm_b_norm", s.state);
    b.weight("ssm_c_norm", s.state);
  }
  b.add("ssm_a", s.state, s.inner);
  b.add("ssm_d", s.inner);
  b.weight("ssm_out", s.inner, b.n_embd());
}

void add_mamba2(TensorBuilder& b, bool normed) {
  const StateSizes s = sizes_of(b.h);
  const std::uint64_t conv_width = sat_add(s.inner, sat_mul(2, sat_mul(s.groups, s.state)));
  b.weight("ssm_in", b.n_embd(), sat_add(sat_add(s.inner, conv_width), s.rank));
  b.weight("ssm_conv1d", s.conv, conv_width);
  b.add("ssm_conv1d.bias", conv_width);
  b.add("ssm_dt.bias", s.rank);
  b.add("ssm_a", 1, s.rank);
  b.add("ssm_d", 1, s.rank);
  if (normed) b.weight("ssm_norm", s.groups == 0 ? 0 : s.inner / s.groups, s.groups);
  b.weight("ssm_out", s.inner, b.n_embd());
}

void add_delta_net(TensorBuilder& b, bool split) {
  const StateSizes s = sizes_of(b.h);
  const std::uint64_t key = sat_mul(s.state, s.groups);
  const std::uint64_t value = sat_mul(s.state, s.rank);
  const std::uint64_t conv_width = sat_add(sat_mul(2, key), value);
  b.weight("attn_qkv", b.n_embd(), conv_width);
  b.weight("attn_gate", b.n_embd(), value);
  b.weight("ssm_conv1d", s.conv, conv_width);
  b.add("ssm_dt.bias", s.rank);
  b.add("ssm_a", s.rank);
  if (split) {
    b.weight("ssm_beta", b.n_embd(), s.rank);
    b.weight("ssm_alpha", b.n_embd(), s.rank);
  } else {
    b.weight("ssm_ba", b.n_embd(), sat_mul(2, s.rank));
  }
  b.weight("ssm_norm", s.state);
  b.weight("ssm_out", value, b.n_embd());
}

void add_kda(TensorBuilder& b) {
  const std::uint64_t dim = b.h.kda_head_dim.value_or(0);
  const std::uint64_t inner = sat_mul(dim, b.n_head());
  for (const char* part : {"ssm_conv1d_q", "ssm_conv1d_k", "ssm_conv1d_v"})
    b.weight(part, b.h.ssm_conv_kernel.value_or(0), 1, inner);
  for (const char* part : {"attn_q", "attn_k", "attn_v"}) b.weight(part, b.n_embd(), inner);
  const bool whole = b.rule.recurrent == RecurrentBlock::kda_whole;
  b.weight("ssm_f_a", b.n_embd(), whole ? inner : dim);
  if (!whole) b.weight("ssm_f_b", dim, inner);
  b.weight("ssm_beta", b.n_embd(), b.n_head());
  b.add("ssm_dt.bias", inner);
  if (b.rule.recurrent == RecurrentBlock::kda_k3) {
    b.add("ssm_a", b.n_head());
    b.weight("ssm_g", b.n_embd(), inner);
  } else {
    b.add("ssm_a", 1, b.n_head());
    b.weight("ssm_g_a", b.n_embd(), whole ? inner : dim);
    if (!whole) b.weight("ssm_g_b", dim, inner);
  }
  b.weight("ssm_norm", dim);
  b.weight("attn_output", inner, b.n_embd());
}

void add_short_conv(TensorBuilder& b) {
  b.weight("shortconv.conv", b.h.shortconv_l_cache.value_or(0), b.n_embd());
  b.weight("shortconv.in_proj", b.n_embd(), sat_mul(3, b.n_embd()));
  b.weight("shortconv.out_proj", b.n_embd(), b.n_embd());
}

void add_lightning(TensorBuilder& b) {
  const std::uint64_t inner = sat_mul(b.n_head(), b.head_dim_k());
  b.weight("attn_norm_2", inner);
  b.weight("attn_qkv", b.n_embd(), sat_mul(3, inner));
  b.weight("attn_gate", b.n_embd(), inner);
  b.weight("attn_output", inner, b.n_embd());
}

void add_channel_mix(TensorBuilder& b) {
  b.weight("channel_mix_key", b.n_embd(), b.n_ff());
  b.weight("channel_mix_value", b.n_ff(), b.n_embd());
  b.weight("channel_mix_lerp_k", b.n_embd());
}

void add_time_mix(TensorBuilder& b) {
  for (const char* name :
       {"time_mix_key", "time_mix_value", "time_mix_receptance", "time_mix_output"})
    b.weight(name, b.n_embd(), b.n_embd());
}

// Ranks that the class gives to its sizes (conversion/rwkv.py).
void add_rwkv6_mix(TensorBuilder& b, std::uint64_t small) {
  const std::uint64_t mix = b.h.time_mix_extra_dim.value_or(static_cast<std::uint32_t>(small));
  const std::uint64_t decay =
      b.h.time_decay_extra_dim.value_or(static_cast<std::uint32_t>(2 * small));
  b.weight("time_mix_w1", b.n_embd(), 5 * mix);
  b.weight("time_mix_w2", mix, b.n_embd(), 5);
  b.weight("time_mix_lerp_x", b.n_embd());
  b.add_4d("time_mix_lerp_fused.weight", {b.n_embd(), 1, 1, 5});
  b.weight("time_mix_decay", b.n_embd());
  b.weight("time_mix_decay_w1", b.n_embd(), decay);
  b.weight("time_mix_decay_w2", decay, b.n_embd());
  b.weight("time_mix_gate", b.n_embd(), b.n_embd());
}

void add_rwkv6(TensorBuilder& b) {
  const std::uint64_t head = b.h.wkv_head_size.value_or(0);
  add_time_mix(b);
  b.norm("time_mix_ln", b.n_embd());
  add_rwkv6_mix(b, b.n_embd() == 4096 ? 64 : 32);
  b.weight("time_mix_first", head, head == 0 ? 0 : b.n_embd() / head);
  add_channel_mix(b);
  b.weight("channel_mix_lerp_r", b.n_embd());
  b.weight("channel_mix_receptance", b.n_embd(), b.n_embd());
}

void add_rwkv6_gqa(TensorBuilder& b) {
  const std::uint64_t shared = sat_mul(b.h.n_head_kv.at(b.layer()), b.h.wkv_head_size.value_or(0));
  const std::uint64_t width = shared == 0 ? b.n_embd() : shared;
  const bool bias = b.h.attention_bias.value_or(true);
  b.linear("time_mix_key", b.n_embd(), width, bias);
  b.linear("time_mix_value", b.n_embd(), width, bias);
  b.linear("time_mix_receptance", b.n_embd(), b.n_embd(), bias);
  b.weight("time_mix_output", b.n_embd(), b.n_embd());
  add_rwkv6_mix(b, b.n_embd() >= 4096 ? 64 : 32);
}

std::uint64_t lora_rank(std::uint64_t n_embd, double exponent, double multiplier) {
  const double rank = std::pow(static_cast<double>(n_embd), exponent) * multiplier / 32;
  return 32 * std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::nearbyint(rank)));
}

std::uint64_t stated_or(Hparams::U32 stated, std::uint64_t otherwise) {
  return stated ? *stated : otherwise;
}

void add_rwkv7_mix(TensorBuilder& b) {
  const std::uint64_t n_embd = b.n_embd();
  const std::uint64_t decay = stated_or(b.h.decay_lora_rank, lora_rank(n_embd, 0.5, 1.8));
  const std::uint64_t iclr = stated_or(b.h.iclr_lora_rank, lora_rank(n_embd, 0.5, 1.8));
  const std::uint64_t value = stated_or(b.h.value_lora_rank, lora_rank(n_embd, 0.5, 1.3));
  const std::uint64_t gate = stated_or(b.h.gate_lora_rank, lora_rank(n_embd, 0.8, 0.6));
  const auto low_rank = [&](const std::string& name, std::uint64_t rank) {
    b.weight(name + "1", n_embd, rank);
    b.weight(name + "2", rank, n_embd);
  };
  add_time_mix(b);
  for (const char* name : {"time_mix_w0", "time_mix_a0", "time_mix_v0", "time_mix_k_k",
                           "time_mix_k_a", "time_mix_r_k"})
    b.weight(name, n_embd);
  low_rank("time_mix_w", decay);
  low_rank("time_mix_a", iclr);
  low_rank("time_mix_v", b.layer() == 0 ? iclr : value);
  if (gate > 0) low_rank("time_mix_g", gate);
  b.add_4d("time_mix_lerp_fused.weight", {n_embd, 1, 1, std::uint64_t{gate > 0 ? 6U : 5U}});
}

void add_rwkv7(TensorBuilder& b) {
  add_rwkv7_mix(b);
  b.norm("time_mix_ln", b.n_embd());
  add_channel_mix(b);
}

void add_rwkv7_mixer(TensorBuilder& b) {
  add_rwkv7_mix(b);
  if (!b.h.group_norm.value_or(false)) return;
  b.weight("time_mix_ln", b.n_embd());
  b.add("time_mix_ln.bias", b.n_embd());
}

void add_mamba_heads(TensorBuilder& b) {
  const StateSizes s = sizes_of(b.h);
  const std::uint64_t step = std::max<std::uint64_t>(64, b.n_embd() / 16);
  b.weight("ssm_in", b.n_embd(), sat_mul(2, s.inner));
  b.weight("ssm_conv1d", s.conv, s.inner);
  b.weight("ssm_x", s.inner, sat_add(step, sat_mul(2, s.state)));
  b.weight("ssm_dt", step, s.rank);
  b.add("ssm_dt.bias", s.rank);
  b.add("ssm_a", s.rank);
  b.add("ssm_d", s.rank);
  b.weight("ssm_out", s.inner, b.n_embd());
  b.add("ssm_dt_norm", step);
  b.add("ssm_b_norm", s.state);
  b.add("ssm_c_norm", s.state);
}

}  // namespace

void add_recurrent(TensorBuilder& b) {
  switch (b.rule.recurrent) {
    case RecurrentBlock::none:
      return;
    case RecurrentBlock::mamba:
      return add_mamba(b, false);
    case RecurrentBlock::mamba_normed:
      return add_mamba(b, true);
    case RecurrentBlock::mamba2:
      return add_mamba2(b, true);
    case RecurrentBlock::mamba2_bare:
      return add_mamba2(b, false);
    case RecurrentBlock::delta_net:
      return add_delta_net(b, false);
    case RecurrentBlock::delta_net_split:
      return add_delta_net(b, true);
    case RecurrentBlock::kda:
    case RecurrentBlock::kda_whole:
    case RecurrentBlock::kda_k3:
      return add_kda(b);
    case RecurrentBlock::short_conv:
      return add_short_conv(b);
    case RecurrentBlock::lightning:
      return add_lightning(b);
    case RecurrentBlock::rwkv6:
      return add_rwkv6(b);
    case RecurrentBlock::rwkv7:
      return add_rwkv7(b);
    case RecurrentBlock::mamba_heads:
      return add_mamba_heads(b);
    case RecurrentBlock::rwkv6_gqa:
      return add_rwkv6_gqa(b);
    case RecurrentBlock::rwkv7_mixer:
      return add_rwkv7_mixer(b);
  }
}

}  // namespace fitvram
