#include "llama/graph/families.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t n_altup = 4;  // Gemma 3n's constants (src/models/gemma3n.cpp)
constexpr std::size_t n_layer_sparse = 10;

void windows_of(GraphBuilder& b) {
  b.windows = true, b.v_first = false;
  b.full = b.attention_input(false);
  b.window = b.attention_input(true);
}

/// Embeddings of every layer for every token: looked up, and projected from the common one.
NodeId per_layer_inputs(GraphBuilder& b, NodeId x) {
  const std::uint64_t width = b.hp.n_embd_per_layer.value_or(0), n = b.model.n_layer,
                      t = b.n_tokens;
  const NodeId tokens = b.g.input({t, 1, 1, 1}, i32_elem);
  NodeId looked = b.rows(b.global("per_layer_token_embd.weight"), tokens);
  looked = b.scale(b.reshape(looked, {width, n, t, 1}));
  b.g.expand(looked);
  NodeId projected = b.scale(b.mat(b.global("per_layer_model_proj.weight"), x));
  b.layer = SIZE_MAX;
  projected = b.norm(b.reshape(projected, {width, n, t, 1}), "per_layer_proj_norm");
  projected = b.scale(b.add(projected, looked));
  return b.cont(b.strided(projected, {width, t, n, 1}));
}

/// Queries and, in layers with a cache of their own, keys and values; then attention.
NodeId attention(GraphBuilder& b, NodeId x) {
  const std::size_t il = b.layer;
  const Hparams& hp = b.hp;
  const bool swa = b.is_swa();
  const std::uint64_t d_k = (swa ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
  const std::uint64_t d_v = (swa ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
  const std::uint64_t n_head = hp.n_head.at(il), n_kv = hp.n_head_kv.at(il), t = b.n_tokens;
  Attention a;
  a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = d_k, a.d_v = d_v, a.cache_layer = il;
  const auto head = [&](NodeId y, std::uint64_t d, std::uint64_t n) {
    return b.reshape(y, {d, n, t, 1});
  };
  a.qkv.q = b.rope(b.norm(head(b.mat("attn_q.weight", x), d_k, n_head), "attn_q_norm"));
  a.qkv.k = a.qkv.v = no_node;
  if (b.model.layers[il].kind != LayerKind::shared_kv) {
    const NodeId k = b.mat("attn_k.weight", x);
    const NodeId v = b.has("attn_v.weight") ? b.mat("attn_v.weight", x) : k;
    a.qkv.k = b.rope(b.norm(head(k, d_k, n_kv), "attn_k_norm"));
    a.qkv.v = b.unary(head(v, d_v, n_kv));
  } else {
    std::size_t owner = 0;
    while (b.model.layers[owner].kind != LayerKind::shared_kv) ++owner;
    if (owner < 2) throw Unbuilt{};
    a.cache_layer = owner - (swa ? 2 : 1);
  }
  return b.mat("attn_output.weight", b.attend(swa ? b.window : b.full, a));
}

NodeId gemma4_experts(GraphBuilder& b, NodeId x) {
  NodeId dense = b.norm(x, "ffn_norm");
  dense = b.feed_forward(dense, "ffn_up", "ffn_gate", "ffn_down", Act::split);
  dense = b.norm(dense, "post_ffw_norm_1");
  const NodeId in = b.norm(x, "pre_ffw_norm_2");
  Moe moe;
  moe.norm_weights = true;
  const NodeId normed = b.mul(b.scale(b.unary(x)), b.weight("ffn_gate_inp.scale"));
  moe.probs = b.mat("ffn_gate_inp.weight", normed);
  return b.add(dense, b.norm(b.experts(in, moe), "post_ffw_norm_2"));
}

}  // namespace

void build_gemma4(GraphBuilder& b, const Family& f) {
  NodeId x = b.scale(b.embed(false));
  b.positions();
  windows_of(b);
  const bool per_layer = b.global("per_layer_token_embd.weight") != no_node;
  const NodeId inputs = per_layer ? per_layer_inputs(b, x) : no_node;
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = attention(b, b.norm(x, "attn_norm"));
    const NodeId attended = b.add(b.norm(cur, "post_attention_norm"), x);
    if (b.has("ffn_gate_inp.weight")) {
      cur = gemma4_experts(b, attended);
    } else {
      cur = b.norm(attended, "ffn_norm");
      cur = b.feed_forward(cur, "ffn_up", "ffn_gate", "ffn_down", Act::split);
    }
    cur = b.add(b.norm(cur, "post_ffw_norm"), attended);
    if (per_layer) {
      const NodeId before = cur;
      cur = b.unary(b.mat("inp_gate.weight", cur));
      cur = b.mul(cur, b.strided(inputs, {b.ne(cur)[0], b.n_tokens, 1, 1}));
      cur = b.norm(b.mat("proj.weight", cur), "post_norm");
      cur = b.add(before, cur);
    }
    if (const NodeId s = b.weight("layer_output_scale.weight"); s != no_node) cur = b.mul(cur, s);
    x = cur;
  }
  b.head(x, f.caps, true);
}

namespace {

NodeId magnitude(GraphBuilder& b, NodeId x) {
  Shape one = b.ne(x);
  one[0] = 1;
  return b.unary(b.other(one, {b.unary(x)}));
}

NodeId modalities(GraphBuilder& b, NodeId x) {
  return b.unary(b.mat("altup_router.weight", b.scale(b.norm(x, "altup_router_norm"))));
}

NodeId predict(GraphBuilder& b, NodeId x, NodeId active) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  NodeId coefs = b.mat("altup_predict_coef.weight", modalities(b, active));
  coefs = b.reshape(coefs, {n_altup, n_altup, t, 1});
  const NodeId turned = b.cont(b.strided(x, {n_altup, n, t, 1}));
  const NodeId predicted = b.g.op(Op::mul_mat, {n, n_altup, t, 1}, f32_elem, {turned, coefs});
  return b.add(b.cont(b.strided(predicted, {n, t, n_altup, 1})), x);
}

NodeId correct(GraphBuilder& b, NodeId predictions, NodeId activated, NodeId active) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  const NodeId modes = modalities(b, activated);
  NodeId innovation = b.in_place(activated, {activated, active});
  NodeId coefs = b.scale(b.mat("altup_correct_coef.weight", modes));
  coefs = b.other({1, t, n_altup, 1}, {b.strided(coefs, {t, n_altup, 1, 1})});
  innovation = b.other({n, t, n_altup, 1}, {innovation});
  return b.add(b.mul(innovation, coefs), predictions);
}

NodeId sparse(GraphBuilder& b, NodeId x) {
  const Shape one{1, b.n_tokens, 1, 1};
  const NodeId mean = b.other(one, {x});
  const NodeId centred = b.in_place(x, {x, mean});
  const NodeId deviation = b.unary(b.scale(b.other(one, {b.unary(centred)})));
  const NodeId cutoff = b.add(mean, b.scale(deviation));
  return b.unary(b.in_place(x, {x, cutoff}));
}

}  // namespace

// src/models/gemma3n.cpp, v0.5.0.
void build_gemma3n(GraphBuilder& b, const Family& f) {
  const std::uint64_t t = b.n_tokens, n = b.n_embd;
  const Shape rows{n, t, 1, 1}, rest{n, t, n_altup - 1, 1};
  NodeId x = b.scale(b.embed(false));
  b.positions();
  windows_of(b);
  const NodeId inputs = per_layer_inputs(b, x);
  const auto slice = [&](NodeId y) { return b.reshape(y, rows); };
  const auto rescaled = [&](NodeId y, NodeId target) {
    const NodeId own = magnitude(b, y);
    return b.in_place(y, {b.mul(y, target), own});
  };
  {
    const NodeId target = magnitude(b, x);
    const NodeId added = b.mat(b.global("altup_proj.weight"), b.other(rest, {x}));
    x = b.other({n, t, n_altup, 1}, {x, rescaled(added, target)});
  }
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const NodeId predictions = predict(b, x, slice(x));
    const NodeId active = slice(predictions);
    const NodeId normed = b.norm(active, "attn_norm");
    NodeId laurel = b.mat("laurel_r.weight", b.mat("laurel_l.weight", normed));
    laurel = b.add(b.norm(laurel, "laurel_post_norm"), normed);
    NodeId cur = b.norm(attention(b, normed), "post_attention_norm");
    cur = b.add(cur, active);
    const NodeId joined = b.scale(b.add(cur, laurel));
    cur = b.norm(joined, "ffn_norm");
    const NodeId up = b.mat("ffn_up.weight", cur);
    NodeId gate = b.mat("ffn_gate.weight", cur);
    if (il < n_layer_sparse) gate = sparse(b, gate);
    cur = b.mat("ffn_down.weight", b.mul(up, b.unary(gate)));
    const NodeId activated = b.add(b.norm(cur, "post_ffw_norm"), joined);
    const NodeId corrected = correct(b, predictions, activated, slice(predictions));
    NodeId first = b.mul(slice(corrected), b.weight("altup_correct_scale.weight"));
    first = b.unary(b.mat("inp_gate.weight", first));
    first = b.mul(first, b.reshape(inputs, {b.ne(first)[0], t, 1, 1}));
    first = b.norm(b.mat("proj.weight", first), "post_norm");
    const NodeId others = b.add(b.reshape(corrected, rest), first);
    x = b.other({n, t, n_altup, 1}, {slice(corrected), others});
  }
  const NodeId target = magnitude(b, slice(x));
  const NodeId back = b.mat(b.global("altup_unembd_proj.weight"), b.reshape(x, rest));
  const NodeId unembedded = rescaled(back, target);
  NodeId cur = slice(x);
  for (std::uint64_t i = 0; i + 1 < n_altup; ++i) cur = b.add(cur, slice(unembedded));
  b.head(b.pick(b.scale(cur)), f.caps);
}

}  // namespace fitvram
