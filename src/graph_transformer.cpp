#include "architectures.hpp"
#include "graph_families.hpp"

namespace fitvram {

namespace {

bool uses_rope(const GraphBuilder& b, const Family& f) {
  switch (f.rope) {
    case Rope::all:
      return true;
    case Rope::windows:
      return b.is_swa();
    case Rope::windows_if:
      return b.is_swa() || b.hp.n_swa.value_or(0) == 0;
    case Rope::three_of_four:
      return (b.layer + 1) % 4 != 0;
    case Rope::none:
      return false;
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
  moe.norm_weights =
      f.norm_weights == -1 ? b.hp.expert_weights_norm.value_or(0) != 0 : f.norm_weights != 0;
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

NodeId ffn_block(GraphBuilder& b, const Family& f, NodeId x) {
  const bool routed = b.has("ffn_gate_inp.weight");
  return routed ? moe_block(b, f, x) : b.feed_forward(x, "ffn_up", "ffn_gate", "ffn_down", f.act);
}

NodeId gated_heads(GraphBuilder& b, NodeId y, NodeId x, std::uint64_t n_head) {
  const NodeId gate = b.unary(b.mat("attn_gate.weight", x));
  if (b.ne(gate)[0] != n_head) return b.mul(y, gate);
  const std::uint64_t width = b.ne(y)[0];
  const NodeId heads = b.reshape(y, {width / n_head, n_head, b.n_tokens, 1});
  return b.reshape(b.mul(heads, b.reshape(gate, {1, n_head, b.n_tokens, 1})),
                   {width, b.n_tokens, 1, 1});
}

Attention projected(GraphBuilder& b, const Family& f, NodeId x) {
  const std::size_t il = b.layer;
  const auto& caches = b.model.layers[il].caches;
  if (caches.empty() || caches.front().role != CacheRole::kv) throw Unbuilt{};
  const HeadShape shape = caches.front().shape;
  const std::uint64_t n_head = b.hp.n_head.at(il), n_kv = shape.n_head_kv;
  Qkv t{};
  if (b.has("attn_qkv.weight")) {
    t = b.qkv(x, shape.dim_k, shape.dim_v, n_head, n_kv);
    if (b.has("attn_q_norm.weight")) t.q = b.norm(t.q, "attn_q_norm");
    if (b.has("attn_k_norm.weight")) t.k = b.norm(t.k, "attn_k_norm");
  } else {
    t.q = head_norm(b, b.mat_bias("attn_q", x), "attn_q_norm", shape.dim_k, n_head);
    t.k = head_norm(b, b.mat_bias("attn_k", x), "attn_k_norm", shape.dim_k, n_kv);
    t.v = b.reshape(b.mat_bias("attn_v", x), {shape.dim_v, n_kv, b.n_tokens, 1});
  }
  if (uses_rope(b, f)) {
    t.q = b.rope(t.q), t.k = b.rope(t.k);
    if (f.attn_scaled) t.q = b.unary(t.q), t.k = b.unary(t.k);
  } else if (f.attn_scaled) {
    t.q = b.mul(t.q, b.by_position);
  }
  if (f.q_scaled) t.q = b.scale(t.q);
  Attention a;
  a.qkv = t, a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = shape.dim_k, a.d_v = shape.dim_v;
  a.cache_layer = il, a.soft_cap = f.soft_cap;
  a.sinks = b.weight("attn_sinks.weight");
  return a;
}

NodeId mix_attention(GraphBuilder& b, const Family& f, NodeId x) {
  const Attention a = projected(b, f, x);
  NodeId y = b.attend(b.windows && b.is_swa() ? b.window : b.full, a);
  if (b.has("attn_gate.weight")) y = gated_heads(b, y, x, a.n_head);
  if (b.has("attn_sub_norm.weight")) y = b.norm(y, "attn_sub_norm");
  return b.mat_bias("attn_output", y);
}

NodeId mix_gated_attention(GraphBuilder& b, const Family& f, NodeId x) {
  const std::size_t il = b.layer;
  const auto& caches = b.model.layers[il].caches;
  if (caches.empty()) throw Unbuilt{};
  const HeadShape shape = caches.front().shape;
  const std::uint64_t n_head = b.hp.n_head.at(il), n_kv = shape.n_head_kv, d = shape.dim_k;
  const NodeId both = b.mat_bias("attn_q", x);
  const std::uint64_t row = f32_elem.block_bytes * b.ne(both)[0];
  Attention a;
  a.qkv.q = b.norm(b.g.part(both, {d, n_head, b.n_tokens, 1}, row), "attn_q_norm");
  a.qkv.k = head_norm(b, b.mat_bias("attn_k", x), "attn_k_norm", d, n_kv);
  NodeId gate = b.g.part(both, {d, n_head, b.n_tokens, 1}, row);
  if (f.pos > 1) gate = b.other({d * n_head, b.n_tokens, 1, 1}, {gate});
  a.qkv.v = b.reshape(b.mat_bias("attn_v", x), {shape.dim_v, n_kv, b.n_tokens, 1});
  a.qkv.q = b.rope(a.qkv.q), a.qkv.k = b.rope(a.qkv.k);
  a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = d, a.d_v = shape.dim_v, a.cache_layer = il;
  const NodeId y = b.attend(b.full, a);
  if (f.pos == 1) gate = b.other({d * n_head, b.n_tokens, 1, 1}, {gate});
  return b.mat_bias("attn_output", b.mul(y, b.unary(gate)));
}

void build_transformer(GraphBuilder& b, const Family& f) {
  b.layer_norm = f.layer_norm;
  NodeId x = b.embed(f.scaled_embd);
  const NodeId positions = b.positions(static_cast<std::uint64_t>(f.pos));
  if (f.learned_positions) x = b.add(x, b.rows(b.global("position_embd.weight"), positions));
  if (f.embd_norm) {
    b.layer = SIZE_MAX;
    x = b.norm(x, "token_embd_norm");
  }
  const Architecture* arch = find_architecture(b.model.architecture);
  b.windows =
      arch != nullptr && arch->window.kind != WindowRule::Kind::none && b.hp.n_swa.value_or(0) != 0;
  const bool latent = arch != nullptr && arch->mla && b.hp.head_dim_k_mla.value_or(0) != 0;
  b.full = b.attention_input(false, latent);
  b.window = b.windows ? b.attention_input(true, latent) : b.full;
  b.v_first = !b.windows;
  if (f.attention == mix_indexed_latent) b.indexer = b.indexer_input(true);
  if (f.attn_scaled) b.by_position = b.g.input({1, 1, b.n_tokens, 1}, f32_elem);
  const auto mix = f.attention == nullptr ? mix_attention : f.attention;

  for (const std::size_t il : b.plan) {
    b.layer = il;
    b.last = il + 1 == b.model.n_layer;
    const LayerKind kind = b.model.layers[il].kind;
    NodeId residual = x;
    NodeId cur = f.bare_norms || b.has("attn_norm.weight") ? b.norm(x, "attn_norm") : x;
    if (f.recurrent != nullptr) b.g.expand(f.expand_norm ? cur : no_node);
    NodeId normed = cur;
    const bool parallel =
        f.beside != Beside::none &&
        !(f.beside == Beside::own_norm && !b.hp.parallel_residual.value_or(true)) &&
        !(f.beside == Beside::unless_normed && b.has("ffn_norm.weight"));
    if (f.beside == Beside::attention_first && b.has("attn_norm_2.weight"))
      cur = b.norm(x, "attn_norm_2");
    const bool alone = f.single && kind == LayerKind::feed_forward;
    if (alone)
      cur = ffn_block(b, f, cur);
    else if (kind == LayerKind::recurrent && f.recurrent != nullptr)
      cur = f.recurrent(b, cur);
    else if (kind == LayerKind::hybrid && f.recurrent != nullptr) {
      const NodeId attention = mix(b, f, cur);
      cur = b.add(attention, f.recurrent(b, b.norm(x, "attn_norm")));
      cur = residual = b.add(cur, residual);
    } else
      cur = mix(b, f, cur);
    if (b.last && f.pick == Pick::last_layer) {
      cur = b.pick(cur);
      residual = cur == residual ? cur : b.pick(residual);
      if (parallel && f.beside != Beside::own_norm) normed = b.pick(normed);
    }
    if (b.has("post_attention_norm.weight") && !f.post_is_ffn_norm)
      cur = b.norm(cur, "post_attention_norm");
    const NodeId attention = cur;
    NodeId in = normed;
    const bool summed = !parallel || f.beside == Beside::unless_normed;
    if (summed && kind != LayerKind::hybrid)
      residual =
          f.residual_first == ResidualFirst::both || f.residual_first == ResidualFirst::before_ffn
              ? b.add(residual, cur)
              : b.add(cur, residual);
    if (!parallel || f.beside == Beside::own_norm) in = residual;
    if (f.single || (!b.has("ffn_up.weight") && !b.has("ffn_gate_inp.weight"))) {
      x = residual;
      continue;
    }
    const char* ffn_norm = f.post_is_ffn_norm ? "post_attention_norm" : "ffn_norm";
    if ((!parallel || f.beside == Beside::own_norm) &&
        (f.bare_norms || b.has(std::string(ffn_norm) + ".weight")))
      in = b.norm(in, ffn_norm);
    cur = ffn_block(b, f, in);
    if (b.has("post_ffw_norm.weight")) cur = b.norm(cur, "post_ffw_norm");
    const bool ahead =
        f.residual_first == ResidualFirst::after_ffn || f.residual_first == ResidualFirst::both;
    if (f.beside == Beside::attention_first) {
      cur = b.add(b.add(cur, attention), residual);
    } else {
      cur = ahead ? b.add(residual, cur) : b.add(cur, residual);
      if (!summed) cur = b.add(cur, attention);
    }
    if (il < b.hp.n_deepstack_layers.value_or(0)) {
      const std::uint64_t row = f32_elem.block_bytes * b.ne(b.deep_embd)[0];
      cur = b.add(cur, b.g.part(b.deep_embd, {b.n_embd, b.n_tokens, 1, 1}, row));
    }
    x = cur;
  }
  if (f.pick == Pick::before_norm) b.g[x].output = true, x = b.pick(x);
  b.head(x, f.caps, f.pick == Pick::after_norm);
}

}  // namespace fitvram
