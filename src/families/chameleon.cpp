#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/chameleon.cpp, v0.5.0.
void build_chameleon(GraphBuilder& b, const GraphRule& f) {
  constexpr std::uint64_t n_image_token = 8192;
  const bool norms_results = b.hp.swin_norm.value_or(false);
  NodeId x = b.embed(false);
  const AttentionInput input = b.attention_input(false);
  for (const std::size_t il : b.plan) {
    b.enter(il);
    Attention a = attention_of(b);
    NodeId cur = norms_results ? x : b.norm(x, "attn_norm");
    a.qkv = b.qkv(cur, a.d_k, a.d_v, a.n_head, a.n_head_kv);
    b.layer_norm = true;
    if (b.has("attn_q_norm.weight")) a.qkv.q = b.norm(a.qkv.q, "attn_q_norm");
    if (b.has("attn_k_norm.weight")) a.qkv.k = b.norm(a.qkv.k, "attn_k_norm");
    b.layer_norm = false;
    a.qkv.q = b.rope(a.qkv.q), a.qkv.k = b.rope(a.qkv.k);
    cur = b.mat_bias("attn_output", b.attend(input, a));
    if (b.last) cur = b.pick(cur), x = b.pick(x);
    if (norms_results) cur = b.norm(cur, "attn_norm");
    const NodeId residual = b.add(cur, x);
    if (!norms_results) cur = b.norm(residual, "ffn_norm");
    cur = b.feed_forward(cur, "ffn_up", "ffn_gate", "ffn_down", f.act);
    if (norms_results) cur = b.norm(cur, "ffn_norm");
    x = b.add(cur, residual);
  }
  b.layer = SIZE_MAX;
  x = b.logits(b.norm(x, "output_norm"));
  // Image tokens are not to be chosen: the least of all values is written over theirs.
  const NodeId least = b.g.leaf({n_image_token, 1, 1, 1}, f32_elem);
  b.result(b.other(b.ne(x), {x, b.g.write(least, {least})}));
}

void chameleon_layer(TensorBuilder& b) {
  b.add("attn_q_norm.bias", b.head_dim_k(), b.n_head());
  b.add("attn_k_norm.bias", b.head_dim_k(), b.n_head_kv());
}

constexpr Family rows[] = {
    {.gguf = "chameleon",
     .hf = "ChameleonForConditionalGeneration ChameleonForCausalLM chameleon",
     .source = "src/models/chameleon.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::each,
                 .layer = chameleon_layer},
     .graph = {.build = build_chameleon},
     .config = {.read = common_keys}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::chameleon{rows};

}  // namespace fitvram
