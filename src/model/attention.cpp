#include "model/builder.hpp"

namespace fitvram {

namespace {

bool qkv_bias(const TensorBuilder& b) {
  if (b.has(trait::qkv_bias)) return b.h.attention_bias.value_or(true);
  return b.has(trait::qkv_bias_key) && b.h.attention_bias.value_or(false);
}

bool out_bias(const TensorBuilder& b) {
  if (b.has(trait::out_bias)) return true;
  return b.has(trait::out_bias_key) &&
         b.h.attention_out_bias.value_or(b.h.attention_bias.value_or(false));
}

void add_qk_norms(TensorBuilder& b, std::uint64_t q, std::uint64_t k, bool own_k) {
  const bool wanted = b.h.qk_norm.value_or(false);
  if (b.has(trait::qk_norm) || (b.has(trait::qk_norm_key) && wanted)) {
    b.weight("attn_q_norm", b.head_dim_k());
    if (own_k) b.weight("attn_k_norm", b.head_dim_k());
  } else if (b.has(trait::qk_norm_full)) {
    b.weight("attn_q_norm", q);
    b.weight("attn_k_norm", k);
  } else if (b.has(trait::qk_norm_each) || (b.has(trait::qk_norm_heads) && wanted)) {
    b.weight("attn_q_norm", b.head_dim_k(), b.n_head());
    b.weight("attn_k_norm", b.head_dim_k(), b.n_head_kv());
  }
}

void add_sinks(TensorBuilder& b) {
  if (b.has(trait::sinks) || (b.has(trait::sinks_swa) && b.is_swa()))
    b.weight("attn_sinks", b.n_head());
}

void add_gqa(TensorBuilder& b, bool fused) {
  if (b.has(trait::optional_blocks) && b.n_head_kv() == 0) {
    if (b.n_head() > 0) b.weight("attn_output", b.n_embd(), b.n_embd());
    return;
  }
  const std::uint64_t q = sat_mul(b.n_head(), b.head_dim_k());
  const std::uint64_t k = sat_mul(b.n_head_kv(), b.head_dim_k());
  const std::uint64_t v = sat_mul(b.n_head_kv(), b.head_dim_v());
  const std::uint64_t out = sat_mul(b.n_head(), b.head_dim_v());
  const bool bias = qkv_bias(b);
  if (fused) {
    b.linear("attn_qkv", b.n_embd(), sat_add(q, sat_add(k, v)), bias);
  } else {
    b.linear("attn_q", b.n_embd(), b.has(trait::q_gate) ? sat_mul(q, 2) : q, bias);
    b.linear("attn_k", b.n_embd(), k, bias);
    const bool v_is_k = b.h.k_eq_v.value_or(false) && !b.is_swa();
    if (!v_is_k) b.linear("attn_v", b.n_embd(), v, bias);
  }
  b.linear("attn_output", out, b.n_embd(), out_bias(b));
  if (b.has(trait::head_gate)) b.weight("attn_gate", b.n_embd(), b.n_head());
  if (b.has(trait::out_gate)) b.weight("attn_gate", b.n_embd(), out);
  add_qk_norms(b, q, k, true);
  add_sinks(b);
}

void add_mla(TensorBuilder& b) {
  const std::uint64_t q_rank = b.h.q_lora_rank.value_or(0);
  const bool window = b.h.kv_lora_rank_swa && b.is_swa();
  const std::uint64_t kv_rank = (window ? b.h.kv_lora_rank_swa : b.h.kv_lora_rank).value_or(0);
  const std::uint64_t rope = b.h.n_rot.value_or(0);
  const bool whole = b.has(trait::whole_kv_b);
  const auto mla_k = window ? b.h.head_dim_k_mla_swa : b.h.head_dim_k_mla;
  const auto mla_v = window ? b.h.head_dim_v_mla_swa : b.h.head_dim_v_mla;
  const std::uint64_t dim_k = whole ? b.head_dim_k() : mla_k.value_or(0);
  const std::uint64_t dim_v = whole ? b.head_dim_v() : mla_v.value_or(0);
  const std::uint64_t nope = dim_k > rope ? dim_k - rope : 0;
  const std::uint64_t heads = b.n_head();
  if (q_rank > 0) {
    b.weight("attn_q_a", b.n_embd(), q_rank);
    b.weight("attn_q_a_norm", q_rank);
    b.weight("attn_q_b", q_rank, sat_mul(heads, dim_k));
  } else {
    b.weight("attn_q", b.n_embd(), sat_mul(heads, dim_k));
  }
  b.weight("attn_kv_a_mqa", b.n_embd(), sat_add(kv_rank, rope));
  b.weight("attn_kv_a_norm", kv_rank);
  if (whole) {
    b.weight("attn_kv_b", kv_rank, sat_mul(heads, sat_add(nope, dim_v)));
  } else {
    b.weight("attn_k_b", nope, kv_rank, heads);
    b.weight("attn_v_b", kv_rank, dim_v, heads);
  }
  b.weight("attn_output", sat_mul(heads, dim_v), b.n_embd());
  if (b.has(trait::out_gate)) b.weight("attn_gate", b.n_embd(), sat_mul(heads, dim_v));
  if (b.has(trait::head_gate)) b.weight("attn_gate", b.n_embd(), heads);
  if (b.has(trait::indexer)) add_indexer(b);
}

void add_compressed(TensorBuilder& b) {
  const std::uint64_t q_rank = b.h.q_lora_rank.value_or(0);
  const std::uint64_t dim = b.head_dim_k();
  const std::uint64_t groups = b.h.output_group_count.value_or(0);
  const std::uint64_t out_rank = b.h.output_lora_rank.value_or(0);
  b.weight("attn_sinks", b.n_head());
  b.weight("attn_q_a", b.n_embd(), q_rank);
  b.weight("attn_q_a_norm", q_rank);
  b.weight("attn_q_b", q_rank, sat_mul(b.n_head(), dim));
  b.weight("attn_kv", b.n_embd(), dim);
  b.weight("attn_kv_a_norm", dim);
  b.weight("attn_output_a", groups == 0 ? 0 : sat_mul(b.n_head(), dim) / groups, out_rank, groups);
  b.weight("attn_output_b", sat_mul(groups, out_rank), b.n_embd());

  const std::uint64_t ratio =
      b.layer() < b.h.compress_ratios.size() ? b.h.compress_ratios[b.layer()] : 0;
  if (ratio == 0) return;
  const std::uint64_t width = ratio == 4 ? 2 * dim : dim;
  b.weight("attn_compressor_kv", b.n_embd(), width);
  b.weight("attn_compressor_gate", b.n_embd(), width);
  b.weight("attn_compressor_ape", width, ratio);
  b.weight("attn_compressor_norm", dim);
  if (ratio != 4) return;
  const std::uint64_t index_dim = b.h.indexer_head_dim.value_or(0);
  const std::uint64_t index_heads = b.h.indexer_n_head.value_or(0);
  b.weight("indexer.proj", b.n_embd(), index_heads);
  b.weight("indexer.attn_q_b", q_rank, sat_mul(index_heads, index_dim));
  b.weight("indexer_compressor_kv", b.n_embd(), 2 * index_dim);
  b.weight("indexer_compressor_gate", b.n_embd(), 2 * index_dim);
  b.weight("indexer_compressor_ape", 2 * index_dim, ratio);
  b.weight("indexer_compressor_norm", index_dim);
}

}  // namespace

void add_indexer(TensorBuilder& b) {
  if (b.layer() < b.h.indexer_layers.size() && !b.h.indexer_layers[b.layer()]) return;
  const std::uint64_t dim = b.h.indexer_head_dim.value_or(0);
  const std::uint64_t heads = b.h.indexer_n_head.value_or(0);
  b.weight("indexer.k_norm", dim);
  b.add("indexer.k_norm.bias", dim);
  b.weight("indexer.proj", b.n_embd(), heads);
  b.weight("indexer.attn_k", b.n_embd(), dim);
  b.weight("indexer.attn_q_b", b.h.q_lora_rank.value_or(0), sat_mul(heads, dim));
}

void add_attention(TensorBuilder& b) {
  switch (b.rule.attention) {
    case AttentionBlock::none:
      return;
    case AttentionBlock::gqa:
      add_gqa(b, false);
      break;
    case AttentionBlock::fused_qkv:
      add_gqa(b, true);
      break;
    case AttentionBlock::mla:
      add_mla(b);
      break;
    case AttentionBlock::compressed:
      add_compressed(b);
      break;
  }
  if (b.has(trait::block_indexer) && b.is_moe()) {
    const std::uint64_t dim = b.h.indexer_head_dim.value_or(0);
    b.weight("indexer.q_proj", b.n_embd(), sat_mul(b.h.indexer_n_head.value_or(0), dim));
    b.weight("indexer.k_proj", b.n_embd(), dim);
    b.weight("indexer.q_norm", dim);
    b.weight("indexer.k_norm", dim);
  }
}

void add_hyper_connections(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  const std::uint64_t mix = sat_mul(2 + streams, streams);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_fn", sat_mul(streams, b.n_embd()), mix);
    b.weight(part + "_base", mix);
    b.weight(part + "_scale", 3);
  }
}

}  // namespace fitvram
