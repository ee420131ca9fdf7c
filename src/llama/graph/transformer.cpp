#include "llama/graph/transformer.hpp"

#include "llama/graph/rope.hpp"

namespace fitvram {

namespace {

HeadShape head_shape(const GraphBuilder& b, const GraphRule& f) {
  const auto& caches = b.model.layers[b.layer].caches;
  if (!caches.empty() && caches.front().role == CacheRole::kv) return caches.front().shape;
  const std::uint32_t n_head = b.hp.n_head.at(b.layer);
  if (!f.uncached || n_head == 0) throw Unbuilt{};
  const auto each = static_cast<std::uint32_t>(b.n_embd / n_head);
  const std::uint32_t n_kv = b.hp.n_head_kv.present() ? b.hp.n_head_kv.at(b.layer) : n_head;
  return {n_kv, b.hp.head_dim_k.value_or(each), b.hp.head_dim_v.value_or(each)};
}

NodeId moe_block(GraphBuilder& b, const GraphRule& f, NodeId x, NodeId logits = no_node) {
  Moe moe = stated_experts(b.hp);
  // Experts of a width of their own; the router sees the model's.
  const std::string narrow = b.has("ffn_latent_down.weight") ? "ffn_latent" : "ffn_routed";
  const bool narrows = b.has(narrow + "_down.weight");
  if (f.chunks || (narrows && logits == no_node)) logits = b.mat("ffn_gate_inp.weight", x);
  moe.sigmoid_selects = f.chunks;
  moe.probs = logits;
  moe.act = f.act;
  if (f.norm_weights != -1) moe.norm_weights = f.norm_weights != 0;
  moe.softmax_weight = f.gating == Gating::softmax_weight;
  moe.weight_before = f.attn_scaled;
  moe.precise_down = f.precise_down;
  NodeId y = b.experts(narrows ? b.mat(narrow + "_down.weight", x) : x, moe);
  if (b.has("ffn_routed_norm.weight")) y = b.norm(y, "ffn_routed_norm");
  if (narrows) y = b.mat(narrow + "_up.weight", y);
  if (f.dense_beside && b.has("ffn_up.weight"))
    return b.scale(b.add(b.feed_forward(x, "ffn_up", "ffn_gate", "ffn_down", f.act), y));
  if (f.chunks) {
    moe.suffix = "chexps";
    return b.add(y, b.scale(b.experts(y, moe)));
  }
  if (!b.has("ffn_up_shexp.weight")) return y;
  NodeId shared = b.feed_forward(x, "ffn_up_shexp", "ffn_gate_shexp", "ffn_down_shexp", f.act);
  if (b.has("ffn_gate_inp_shexp.weight")) {
    const NodeId gate = b.unary(b.mat("ffn_gate_inp_shexp.weight", x));
    shared = b.mul(shared, gate);
  }
  return b.add(y, shared);
}

}  // namespace

NodeId head_norm(GraphBuilder& b, NodeId flat, const char* name, std::uint64_t d, std::uint64_t n) {
  const Shape heads{d, n, b.n_tokens, 1};
  const std::string weight = std::string(name) + ".weight";
  if (!b.has(weight)) return b.reshape(flat, heads);
  const bool per_head = b.ne(b.weight(weight))[0] == d;
  if (!per_head) return b.reshape(b.norm(flat, name), heads);
  return b.norm(b.reshape(flat, heads), name);
}

Moe stated_experts(const Hparams& hp) {
  Moe moe;
  moe.norm_weights = hp.expert_weights_norm.value_or(0) != 0;
  const double factor = hp.expert_weights_scale.value_or(0.0);
  moe.scale = factor != 0.0 && factor != 1.0;
  return moe;
}

NodeId ffn_block(GraphBuilder& b, const GraphRule& f, NodeId x, NodeId logits) {
  const bool routed = b.has("ffn_gate_inp.weight") && !f.ffn_and_experts;
  return routed ? moe_block(b, f, x, logits)
                : b.feed_forward(x, "ffn_up", "ffn_gate", "ffn_down", f.act);
}

NodeId gated_heads(GraphBuilder& b, NodeId y, NodeId x, std::uint64_t n_head) {
  const NodeId gate = b.unary(b.mat("attn_gate.weight", x));
  if (b.ne(gate)[0] != n_head) return b.mul(y, gate);
  const std::uint64_t width = b.ne(y)[0];
  const NodeId heads = b.reshape(y, {width / n_head, n_head, b.n_tokens, 1});
  return b.reshape(b.mul(heads, b.reshape(gate, {1, n_head, b.n_tokens, 1})),
                   {width, b.n_tokens, 1, 1});
}

Attention attention_of(const GraphBuilder& b) {
  const auto& caches = b.model.layers[b.layer].caches;
  if (caches.empty()) throw Unbuilt{};
  const HeadShape& shape = caches.front().shape;
  Attention a;
  a.n_head = b.hp.n_head.at(b.layer), a.n_head_kv = shape.n_head_kv;
  a.d_k = shape.dim_k, a.d_v = shape.dim_v, a.cache_layer = b.layer;
  if (a.n_head == 0) throw Unbuilt{};
  return a;
}

Attention projected(GraphBuilder& b, const GraphRule& f, NodeId x) {
  const std::size_t il = b.layer;
  const HeadShape shape = head_shape(b, f);
  const std::uint64_t n_head = b.hp.n_head.at(il), n_kv = shape.n_head_kv;
  if (n_head == 0 || n_kv == 0) throw Unbuilt{};
  Qkv t{};
  if (f.norm_after_rope || (b.has("attn_qkv.weight") && !f.flat_qkv)) {
    t = b.qkv(x, shape.dim_k, shape.dim_v, n_head, n_kv);
    if (f.norm_after_rope && rotates(f, b.model, b.layer)) t.q = b.rope(t.q), t.k = b.rope(t.k);
    if (b.has("attn_q_norm.weight")) t.q = b.norm(t.q, "attn_q_norm");
    if (f.bare_norms || b.has("attn_k_norm.weight")) t.k = b.norm(t.k, "attn_k_norm");
  } else {
    const auto clamped = [&](NodeId y) { return b.clamps ? b.unary(y) : y; };
    t = b.flat_qkv(x, shape.dim_k * n_head, shape.dim_k * n_kv, shape.dim_v * n_kv);
    t.q = head_norm(b, clamped(t.q), "attn_q_norm", shape.dim_k, n_head);
    t.k = head_norm(b, clamped(t.k), "attn_k_norm", shape.dim_k, n_kv);
    t.v = b.reshape(clamped(t.v), {shape.dim_v, n_kv, b.n_tokens, 1});
  }
  if (rotates(f, b.model, b.layer) && !f.norm_after_rope) {
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

NodeId mix_attention(GraphBuilder& b, const GraphRule& f, NodeId x) {
  const Attention a = projected(b, f, x);
  const AttentionInput& input = b.windows && b.is_swa() ? b.window : b.full;
  NodeId y = f.uncached ? b.attend_batch(input, a) : b.attend(input, a);
  if (b.has("attn_gate.weight")) y = gated_heads(b, y, x, a.n_head);
  if (b.has("attn_sub_norm.weight")) y = b.norm(y, "attn_sub_norm");
  return b.mat_bias("attn_output", y);
}

namespace {

/// llama-hparams.cpp, use_mrope, v0.5.0.
std::uint64_t positions_per_token(const GraphBuilder& b, const GraphRule& f) {
  const auto& sections = b.hp.rope_sections;
  const bool axes = sections.size() > 1 && sections[0] != 0 && sections[1] != 0;
  return f.axes_if_listed && !axes ? 1 : static_cast<std::uint64_t>(f.pos);
}

}  // namespace

void build_transformer(GraphBuilder& b, const GraphRule& f) {
  b.layer_norm = f.layer_norm;
  b.plain_rope = f.plain_rope;
  NodeId x =
      b.embed(f.scaled_embd || (f.embd_scaled_if_stated && b.hp.embedding_scale.value_or(0) != 0));
  const NodeId positions = b.positions(positions_per_token(b, f));
  if (f.learned_positions) x = b.add(x, b.rows(b.global("position_embd.weight"), positions));
  if (f.embd_norm || f.embd_skips) {
    b.layer = SIZE_MAX;
    x = b.norm(x, "token_embd_norm");
  }
  b.windows = b.family != nullptr && b.family->cache.window.kind != WindowRule::Kind::none &&
              b.hp.n_swa.value_or(0) != 0;
  const bool latent =
      b.family != nullptr && b.family->cache.mla && b.hp.head_dim_k_mla.value_or(0) != 0;
  const auto input = [&](bool of_window) {
    return f.uncached ? b.batch_input() : b.attention_input(of_window, latent);
  };
  b.full = input(false);
  b.window = b.windows ? input(true) : b.full;
  b.v_first = !b.windows;
  if (b.family != nullptr && b.family->tensors.indexer == IndexerBlock::tokens)
    b.indexer = b.indexer_input(true);
  b.head_scaled = f.head_scaled;
  b.clamps = f.clamps && b.hp.clamp_kqv.value_or(0) > 0;
  if (f.attn_scaled) b.by_position = b.g.input({1, 1, b.n_tokens, 1}, f32_elem);
  const NodeId embd = x;
  const auto mix = f.attention == nullptr ? mix_attention : f.attention;

  for (const std::size_t il : b.plan) {
    b.enter(il);
    const LayerKind kind = b.model.layers[il].kind;
    NodeId residual = x, skip = x;
    NodeId cur = f.bare_norms || b.has("attn_norm.weight") ? b.norm(x, "attn_norm") : x;
    if (f.recurrent != nullptr) b.g.expand(f.expand_norm ? cur : no_node);
    NodeId normed = cur;
    const NodeId routed =
        f.router_ahead && b.has("ffn_gate_inp.weight") ? b.mat("ffn_gate_inp.weight", x) : no_node;
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
    if (b.last && f.pick == PickRows::last_layer) {
      cur = b.pick(cur);
      skip = residual = cur == residual ? cur : b.pick(residual);
      if (parallel && f.beside != Beside::own_norm) normed = b.pick(normed);
    }
    if (b.has("post_attention_norm.weight") && !f.post_is_ffn_norm)
      cur = b.norm(cur, "post_attention_norm");
    else if (b.has("attn_output_norm.weight") && b.has("ffn_norm.weight"))
      cur = b.norm(cur, "attn_output_norm");
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
    const char* ffn_norm = f.post_is_ffn_norm                         ? "post_attention_norm"
                           : b.has("ffn_norm.weight") || f.bare_norms ? "ffn_norm"
                                                                      : "attn_output_norm";
    if ((!parallel || f.beside == Beside::own_norm) &&
        (f.bare_norms || b.has(std::string(ffn_norm) + ".weight")))
      in = b.norm(in, ffn_norm);
    cur = ffn_block(b, f, in, routed);
    if (b.has("post_ffw_norm.weight"))
      cur = b.norm(cur, "post_ffw_norm");
    else if (b.has("layer_output_norm.weight"))
      cur = b.norm(cur, "layer_output_norm");
    const bool ahead =
        f.residual_first == ResidualFirst::after_ffn || f.residual_first == ResidualFirst::both;
    if (f.beside == Beside::attention_then_ffn) {
      cur = b.add(b.add(attention, cur), residual);
    } else if (f.beside == Beside::attention_first) {
      cur = b.add(b.add(cur, attention), residual);
    } else {
      cur = ahead ? b.add(residual, cur) : b.add(cur, residual);
      if (!summed) cur = b.add(cur, attention);
    }
    if (f.embd_skips)
      cur = b.add(cur, b.mul(b.last ? b.pick(embd) : embd, b.weight("layer_output_scale.weight")));
    if (f.ffn_and_experts) {
      const NodeId outer = skip;
      cur = b.add(moe_block(b, f, b.norm(outer, "ffn_norm_exps")), cur);
    }
    if (il < b.hp.n_deepstack_layers.value_or(0)) {
      const std::uint64_t row = f32_elem.block_bytes * b.ne(b.deep_embd)[0];
      cur = b.add(cur, b.g.part(b.deep_embd, {b.n_embd, b.n_tokens, 1, 1}, row));
    }
    x = cur;
    const bool repeats =
        !b.last && block_of(b.family, b.hp, il + 1) <= block_of(b.family, b.hp, il);
    if (repeats && !b.hp.skip_loop_final_norm.value_or(false)) x = b.norm_of_output(x);
  }
  if (f.headless) return b.finish(x, "output_norm");
  if (f.pick == PickRows::before_norm) b.g[x].output = true, x = b.pick(x);
  b.head(x, f.caps, f.pick == PickRows::after_norm);
}

}  // namespace fitvram
