#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "base/sorted.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

void bert_globals(TensorBuilder& b) {
  if (b.h.n_token_types.value_or(0) > 0) b.weight("token_types", b.n_embd(), *b.h.n_token_types);
}

void bitnet_layer(TensorBuilder& b) {
  b.weight("attn_sub_norm", b.n_embd());
  b.weight("ffn_sub_norm", b.n_ff());
}

void chameleon_layer(TensorBuilder& b) {
  b.add("attn_q_norm.bias", b.head_dim_k(), b.n_head());
  b.add("attn_k_norm.bias", b.head_dim_k(), b.n_head_kv());
}

// A second set of weights for the tokens of images.
void cogvlm_layer(TensorBuilder& b) {
  const std::uint64_t width = sat_mul(b.n_head(), b.head_dim_k());
  b.weight("vis_attn_qkv", b.n_embd(), sat_mul(3, width));
  b.weight("vis_attn_output", width, b.n_embd());
  b.weight("vis_gate", b.n_embd(), b.n_ff());
  b.weight("vis_down", b.n_ff(), b.n_embd());
  b.weight("vis_up", b.n_embd(), b.n_ff());
}

void dots3_layer(TensorBuilder& b) { b.weight("attn_k_norm", b.h.n_rot.value_or(0)); }

void grok_layer(TensorBuilder& b) {
  b.weight(b.h.n_ff_exp.present() ? "post_ffw_norm" : "layer_output_norm", b.n_embd());
}

// Each two experts share one more as wide as a head (conversion/grovemoe.py).
void grove_layer(TensorBuilder& b) {
  const std::uint64_t n_shared = b.h.n_expert.value_or(0) / 2;
  const std::uint64_t width = b.head_dim_k();
  b.weight("ffn_gate_chexps", b.n_embd(), width, n_shared);
  b.weight("ffn_down_chexps", width, b.n_embd(), n_shared);
  b.weight("ffn_up_chexps", b.n_embd(), width, n_shared);
}

void hrm_globals(TensorBuilder& b) { b.add("hrm.z_l_init", b.n_embd()); }

void hy4_globals(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  b.weight("output_hc_fn", sat_mul(streams, b.n_embd()), streams);
  b.weight("output_hc_base", streams);
  b.weight("output_hc_scale", 1);
}

void hy4_layer(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  b.weight("attn_sinks", b.n_head());
  if (b.h.indexer_top_k.value_or(0) > 0) add_indexer(b);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_fn", sat_mul(streams, b.n_embd()), 2 * streams);
    b.weight(part + "_base", 2 * streams);
    b.weight(part + "_scale", 2);
  }
}

void jina2_layer(TensorBuilder& b) { b.add("ffn_down.bias", b.n_embd()); }

void laguna_layer(TensorBuilder& b) {
  const bool each = b.h.gate_per_value.value_or(false);
  b.weight("attn_gate", b.n_embd(), sat_mul(b.n_head(), each ? b.head_dim_k() : 1));
}

// Layers that read the image: norms of queries and keys, and two gates.
void mllama_layer(TensorBuilder& b) {
  if (!b.is_cross()) return;
  b.weight("attn_q_norm", b.head_dim_k());
  b.weight("attn_k_norm", b.head_dim_k());
  b.add("cross_attn_attn_gate", 1);
  b.add("cross_attn_mlp_gate", 1);
}

void qwen4_globals(TensorBuilder& b) {
  const std::uint64_t width = sat_mul(b.h.hyper_connections.value_or(0), b.n_embd());
  const std::uint64_t rank = b.h.hyper_low_rank.value_or(0);
  b.weight("output_hc_norm", width);
  b.weight("output_hc_down", width, rank);
  b.weight("output_hc_up", rank, width);
}

void qwen4_layer(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  const std::uint64_t width = sat_mul(streams, b.n_embd());
  const std::uint64_t rank = b.h.hyper_low_rank.value_or(0);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_norm", width);
    b.weight(part + "_down", width, rank);
    b.weight(part + "_up", rank, width);
    b.weight(part + "_inject", width, streams);
  }
  if (!b.is_recurrent()) {
    const std::uint64_t dim = b.h.indexer_head_dim.value_or(0);
    b.weight("indexer.q_proj", b.n_embd(), sat_mul(b.h.indexer_n_head.value_or(0), dim));
    b.weight("indexer.k_proj", b.n_embd(), dim);
    b.weight("indexer.q_norm", dim);
    b.weight("indexer.k_norm", dim);
  }
  const auto& ple = b.h.ple_layers;
  if (std::find(ple.begin(), ple.end(), b.layer()) == ple.end()) return;
  b.weight("ple_key", b.n_embd(), width);
  b.weight("ple_value", b.n_embd(), b.n_embd());
  for (const char* name : {"ple_norm_key", "ple_norm_query", "ple_norm_conv"})
    b.weight(name, width);
  b.weight("ple_conv1d", b.h.ple_conv_kernel.value_or(0), width);
}

// One layer of T5's encoder or decoder; the first holds the relative bias for all.
void t5_stack(TensorBuilder& b, const std::string& stack, bool cross) {
  const std::uint64_t width = sat_mul(b.n_head(), b.head_dim_k());
  const auto attention = [&](const std::string& name) {
    b.weight(name + "_norm", b.n_embd());
    for (const char* part : {"_q", "_k", "_v"}) b.weight(name + part, b.n_embd(), width);
    b.weight(name + "_o", width, b.n_embd());
  };
  attention(stack + "attn");
  if (b.layer() == 0 || b.h.rel_bias_each.value_or(false))
    b.weight(stack + "attn_rel_b", b.n_head(), b.h.n_rel_attn_bkts.value_or(32));
  if (cross) attention(stack + "cross_attn");
  b.weight(stack + "ffn_norm", b.n_embd());
  if (b.h.gated_ff.value_or(false)) b.weight(stack + "ffn_gate", b.n_embd(), b.n_ff());
  b.weight(stack + "ffn_down", b.n_ff(), b.n_embd());
  b.weight(stack + "ffn_up", b.n_embd(), b.n_ff());
}

void t5_globals(TensorBuilder& b) {
  b.weight("enc.output_norm", b.n_embd());
  b.weight("dec.output_norm", b.n_embd());
}

void t5_layer(TensorBuilder& b) {
  if (b.layer() < b.h.n_layer.value_or(0)) t5_stack(b, "enc.", false);
  if (b.layer() < b.h.dec_n_layer.value_or(b.h.n_layer.value_or(0))) t5_stack(b, "dec.", true);
}

void t5_encoder_layer(TensorBuilder& b) { t5_stack(b, "enc.", false); }

void talkie_layer(TensorBuilder& b) {
  b.weight("attn_q_norm", 1, b.n_head());
  b.add("attn_output.scale", 1);
  b.add("ffn_down.scale", 1);
}

struct Own {
  std::string_view architecture;
  void (*globals)(TensorBuilder& b);
  void (*layer)(TensorBuilder& b);
};

constexpr Own own[] = {
    {"bert", bert_globals, nullptr},
    {"bitnet", nullptr, bitnet_layer},
    {"chameleon", nullptr, chameleon_layer},
    {"cogvlm", nullptr, cogvlm_layer},
    {"dots3note", nullptr, dots3_layer},
    {"grok", nullptr, grok_layer},
    {"grovemoe", nullptr, grove_layer},
    {"hrm_text", hrm_globals, nullptr},
    {"hy_v4", hy4_globals, hy4_layer},
    {"jina-bert-v2", bert_globals, jina2_layer},
    {"jina-bert-v3", bert_globals, nullptr},
    {"laguna", nullptr, laguna_layer},
    {"mllama", nullptr, mllama_layer},
    {"nomic-bert", bert_globals, nullptr},
    {"nomic-bert-moe", bert_globals, nullptr},
    {"qwen4exp", qwen4_globals, qwen4_layer},
    {"t5", t5_globals, t5_layer},
    {"t5encoder", nullptr, t5_encoder_layer},
    {"talkie", nullptr, talkie_layer},
};

static_assert(sorted_and_unique(own, &Own::architecture));

const Own* own_of(const TensorBuilder& b) {
  const auto* it = std::find_if(std::begin(own), std::end(own), [&](const Own& row) {
    return row.architecture == b.rule.architecture;
  });
  return it == std::end(own) ? nullptr : it;
}

}  // namespace

void add_own_globals(TensorBuilder& b) {
  const Own* row = own_of(b);
  if (row != nullptr && row->globals != nullptr) row->globals(b);
}

void add_own_layer(TensorBuilder& b) {
  const Own* row = own_of(b);
  if (row != nullptr && row->layer != nullptr) row->layer(b);
}

}  // namespace fitvram
