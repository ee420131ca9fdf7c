#include "architectures.hpp"
#include "graph_families.hpp"

namespace fitvram {

namespace {

bool uses_rope(const GraphBuilder& b, const Family& f) {
  switch (f.rope) {
    case Rope::all: return true;
    case Rope::windows: return b.is_swa();
    case Rope::windows_if: return b.is_swa() || b.hp.n_swa.value_or(0) == 0;
    case Rope::three_of_four: return (b.layer + 1) % 4 != 0;
    case Rope::none: return false;
  }
  return true;
}

NodeId head_norm(GraphBuilder& b, NodeId flat, const char* name, std::uint64_t d, std::uint64_t n) {
  const Shape heads{d, n, b.n_tokens, 1};
  const std::string weight = std::string(name) + ".weight";
  if (!b.has(weight)) return b.reshape(flat, heads);
  const bool per_head = b.ne(b.weight(weight))[0] == d;
  if (!per_head) return b.reshape(b.norm(flat, name), heads);
  return b.norm(b.reshape(flat, heads), name);
}

NodeId moe_block(GraphBuilder& b, const Family& f, NodeId x) {
  Moe moe;
  moe.act = f.act;
  moe.norm_weights = f.norm_weights == -1 ? b.hp.expert_weights_norm.value_or(0) != 0
                                          : f.norm_weights != 0;
  const double factor = b.hp.expert_weights_scale.value_or(0.0);
  moe.scale = factor != 0.0 && factor != 1.0;
  moe.softmax_weight = f.gating == Gating::softmax_weight;
  moe.weight_before = f.attn_scaled;
  NodeId y = b.experts(x, moe);
  if (!b.has("ffn_up_shexp.weight")) return y;
  NodeId shared = b.feed_forward(x, "ffn_up_shexp", "ffn_gate_shexp", "ffn_down_shexp", f.act);
  if (b.has("ffn_gate_inp_shexp.weight")) {
    const NodeId gate = b.unary(b.mat("ffn_gate_inp_shexp.weight", x));
    shared = b.mul(shared, gate);
  }
  return b.add(y, shared);
}

}  // namespace

void build_transformer(GraphBuilder& b, const Family& f) {
  b.layer_norm = f.layer_norm;
  NodeId x = b.embed(f.scaled_embd);
  b.positions(static_cast<std::uint64_t>(f.pos));
  const Architecture* arch = find_architecture(b.model.architecture);
  const bool windows = arch != nullptr && arch->window.kind != WindowRule::Kind::none &&
                       b.hp.n_swa.value_or(0) != 0;
  const AttentionInput full = b.attention_input(false);
  const AttentionInput window = windows ? b.attention_input(true) : full;
  b.v_first = !windows;
  NodeId by_position = no_node;
  if (f.attn_scaled) by_position = b.g.input({1, 1, b.n_tokens, 1}, f32_elem);

  for (const std::size_t il : b.plan) {
    b.layer = il;
    b.last = il + 1 == b.model.n_layer;
    const auto& caches = b.model.layers[il].caches;
    if (caches.empty()) throw Unbuilt{};
    const HeadShape shape = caches.front().shape;
    NodeId residual = x;
    NodeId cur = b.has("attn_norm.weight") ? b.norm(x, "attn_norm") : x;
    NodeId normed = cur;
    const std::uint64_t n_head = b.hp.n_head.at(il), n_kv = shape.n_head_kv;
    Qkv t{};
    if (b.has("attn_qkv.weight")) {
      t = b.qkv(cur, shape.dim_k, shape.dim_v, n_head, n_kv);
      if (b.has("attn_q_norm.weight")) t.q = b.norm(t.q, "attn_q_norm");
      if (b.has("attn_k_norm.weight")) t.k = b.norm(t.k, "attn_k_norm");
    } else {
      t.q = head_norm(b, b.mat_bias("attn_q", cur), "attn_q_norm", shape.dim_k, n_head);
      t.k = head_norm(b, b.mat_bias("attn_k", cur), "attn_k_norm", shape.dim_k, n_kv);
      t.v = b.reshape(b.mat_bias("attn_v", cur), {shape.dim_v, n_kv, b.n_tokens, 1});
    }
    if (uses_rope(b, f)) {
      t.q = b.rope(t.q), t.k = b.rope(t.k);
      if (f.attn_scaled) t.q = b.unary(t.q), t.k = b.unary(t.k);
    } else if (f.attn_scaled) {
      t.q = b.mul(t.q, by_position);
    }
    if (f.q_scaled) t.q = b.scale(t.q);
    Attention a;
    a.qkv = t, a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = shape.dim_k, a.d_v = shape.dim_v;
    a.cache_layer = il, a.soft_cap = f.soft_cap;
    a.sinks = b.weight("attn_sinks.weight");
    cur = b.attend(windows && b.is_swa() ? window : full, a);
    cur = b.mat_bias("attn_output", cur);
    if (b.last && !f.pick_late) {
      cur = b.pick(cur);
      residual = b.pick(residual);
      if (f.parallel) normed = b.pick(normed);
    }
    if (b.has("post_attention_norm.weight") && !f.post_is_ffn_norm)
      cur = b.norm(cur, "post_attention_norm");
    NodeId attention = cur, in = normed;
    if (!f.parallel) {
      residual = b.add(cur, residual);
      in = residual;
      const char* ffn_norm = f.post_is_ffn_norm ? "post_attention_norm" : "ffn_norm";
      if (b.has(std::string(ffn_norm) + ".weight")) in = b.norm(in, ffn_norm);
    }
    const bool routed = b.has("ffn_gate_inp.weight");
    cur = routed ? moe_block(b, f, in) : b.feed_forward(in, "ffn_up", "ffn_gate", "ffn_down", f.act);
    if (b.has("post_ffw_norm.weight")) cur = b.norm(cur, "post_ffw_norm");
    cur = f.residual_first ? b.add(residual, cur) : b.add(cur, residual);
    if (f.parallel) cur = b.add(cur, attention);
    x = cur;
  }
  if (f.pick_late) b.g[x].output = true, x = b.pick(x);
  b.head(x, f.caps);
}

}  // namespace fitvram
