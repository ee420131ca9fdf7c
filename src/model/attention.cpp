#include "model/attention.hpp"

namespace fitvram {

namespace {

bool qkv_bias(const TensorBuilder& b) { return has_bias(b.rule.biases.qkv, b.h.attention_bias); }

bool out_bias(const TensorBuilder& b) {
  return has_bias(b.rule.biases.out,
                  b.h.attention_out_bias ? b.h.attention_out_bias : b.h.attention_bias);
}

/// Once it is known what the config says.
QkNorm qk_norm(const TensorBuilder& b) {
  const bool wanted = b.h.qk_norm.value_or(false);
  const QkNorm norm = b.rule.qk_norm;
  if (norm == QkNorm::shared_stated) return wanted ? QkNorm::shared : QkNorm::none;
  if (norm == QkNorm::each_stated) return wanted ? QkNorm::each : QkNorm::none;
  return norm;
}

void add_qk_norms(TensorBuilder& b, std::uint64_t q, std::uint64_t k) {
  switch (qk_norm(b)) {
    case QkNorm::none:
    case QkNorm::shared_stated:
    case QkNorm::each_stated:
      return;
    case QkNorm::shared:
      b.weight("attn_q_norm", b.head_dim_k());
      b.weight("attn_k_norm", b.head_dim_k());
      return;
    case QkNorm::each:
      b.weight("attn_q_norm", b.head_dim_k(), b.n_head());
      b.weight("attn_k_norm", b.head_dim_k(), b.n_head_kv());
      return;
    case QkNorm::whole:
      b.weight("attn_q_norm", q);
      b.weight("attn_k_norm", k);
      return;
  }
}

void add_sinks(TensorBuilder& b) {
  if (b.rule.sinks == Sinks::all || (b.rule.sinks == Sinks::windows && b.is_swa()))
    b.weight("attn_sinks", b.n_head());
}

void add_gqa(TensorBuilder& b, bool fused) {
  if (b.rule.optional_blocks && b.n_head_kv() == 0) {
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
    b.linear("attn_q", b.n_embd(), b.rule.gate == AttentionGate::in_query ? sat_mul(q, 2) : q,
             bias);
    b.linear("attn_k", b.n_embd(), k, bias);
    const bool v_is_k = b.h.k_eq_v.value_or(false) && !b.is_swa();
    if (!v_is_k) b.linear("attn_v", b.n_embd(), v, bias);
  }
  b.linear("attn_output", out, b.n_embd(), out_bias(b));
  if (b.rule.gate == AttentionGate::per_head) b.weight("attn_gate", b.n_embd(), b.n_head());
  if (b.rule.gate == AttentionGate::per_value) b.weight("attn_gate", b.n_embd(), out);
  add_qk_norms(b, q, k);
  add_sinks(b);
}

void add_mla(TensorBuilder& b) {
  const std::uint64_t q_rank = b.h.q_lora_rank.value_or(0);
  const bool window = b.h.kv_lora_rank_swa && b.is_swa();
  const std::uint64_t kv_rank = (window ? b.h.kv_lora_rank_swa : b.h.kv_lora_rank).value_or(0);
  const std::uint64_t rope = b.h.n_rot.value_or(0);
  const bool whole = b.rule.whole_kv_b;
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
  if (b.rule.gate == AttentionGate::per_value)
    b.weight("attn_gate", b.n_embd(), sat_mul(heads, dim_v));
  if (b.rule.gate == AttentionGate::per_head) b.weight("attn_gate", b.n_embd(), heads);
  if (b.rule.indexer == IndexerBlock::tokens) add_indexer(b);
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
  if (b.rule.indexer == IndexerBlock::blocks && b.is_moe()) {
    const std::uint64_t dim = b.h.indexer_head_dim.value_or(0);
    b.weight("indexer.q_proj", b.n_embd(), sat_mul(b.h.indexer_n_head.value_or(0), dim));
    b.weight("indexer.k_proj", b.n_embd(), dim);
    b.weight("indexer.q_norm", dim);
    b.weight("indexer.k_norm", dim);
  }
}

}  // namespace fitvram
