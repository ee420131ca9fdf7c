#include "graph_families.hpp"

namespace fitvram {

namespace {

/// What the distance between two tokens adds to the scores of attention: a table that the first
/// layer holds for all, unless each has its own.
class Distances {
 public:
  Distances(GraphBuilder& b, std::uint64_t n_kv)
      : b_(b), n_kv_(n_kv), buckets_(b.g.input({n_kv, b.n_tokens, 1, 1}, i32_elem)) {}

  NodeId bias(std::string_view table) {
    const NodeId own = b_.weight(table);
    if (first_ == no_node) first_ = own;
    const NodeId flat = b_.reshape(buckets_, {n_kv_ * b_.n_tokens, 1, 1, 1});
    const NodeId each = b_.rows(own == no_node ? first_ : own, flat);
    const std::uint64_t n_head = b_.ne(each)[0];
    const NodeId cells = b_.reshape(each, {n_head, n_kv_, b_.n_tokens, 1});
    return b_.cont(b_.strided(cells, {n_kv_, b_.n_tokens, n_head, 1}));
  }

 private:
  GraphBuilder& b_;
  std::uint64_t n_kv_;
  NodeId buckets_, first_ = no_node;
};

struct Projections {
  std::string_view q, k, v;
};

/// Queries of `x`, keys and values of `n` rows of `y`.
Qkv project(GraphBuilder& b, const Projections& by, NodeId x, NodeId y, const Attention& a) {
  const NodeId q = b.mat(by.q, x), k = b.mat(by.k, y), v = b.mat(by.v, y);
  const std::uint64_t n = b.ne(y)[1];
  return {b.reshape(q, {a.d_k, a.n_head, b.n_tokens, 1}), b.reshape(k, {a.d_k, a.n_head_kv, n, 1}),
          b.reshape(v, {a.d_v, a.n_head_kv, n, 1})};
}

}  // namespace

// src/models/t5.cpp, v0.5.0: the decoder, which is what a context is planned for.
void build_t5(GraphBuilder& b, const Family& f) {
  if (b.size.n_stream > 1) throw Unbuilt{};  // refused, but callers need not ask
  NodeId x = b.embed(false);
  const std::uint64_t n_encoded = b.model.n_ctx_train;
  const NodeId encoded = b.g.input({b.n_embd, n_encoded, 1, 1}, f32_elem);
  const AttentionInput self = b.attention_input(false);
  Distances distances(b, self.n_kv);
  AttentionInput cross;
  cross.mask = b.g.input({n_encoded, b.n_tokens, 1, 1}, b.flash ? f16_elem : f32_elem);
  const std::size_t n_layer = b.hp.dec_n_layer.value_or(b.model.n_layer);
  for (const std::size_t il : b.plan) {
    if (il >= n_layer) break;
    b.enter(il);
    Attention a = attention_of(b);
    NodeId cur = b.norm(x, "dec.attn_norm");
    a.qkv =
        project(b, {"dec.attn_q.weight", "dec.attn_k.weight", "dec.attn_v.weight"}, cur, cur, a);
    a.bias = distances.bias("dec.attn_rel_b.weight");
    cur = b.add(b.mat("dec.attn_o.weight", b.attend(self, a)), x);
    NodeId residual = cur;
    cur = b.norm(cur, "dec.cross_attn_norm");
    a.bias = no_node;
    a.qkv = project(
        b, {"dec.cross_attn_q.weight", "dec.cross_attn_k.weight", "dec.cross_attn_v.weight"}, cur,
        encoded, a);
    cur = b.mat("dec.cross_attn_o.weight", b.attend_batch(cross, a));
    if (il + 1 == n_layer) cur = b.pick(cur), residual = b.pick(residual);
    residual = b.add(cur, residual);
    cur = b.feed_forward(b.norm(residual, "dec.ffn_norm"), "dec.ffn_up", "dec.ffn_gate",
                         "dec.ffn_down", f.act);
    x = b.add(cur, residual);
  }
  b.layer = SIZE_MAX;
  x = b.logits(b.norm(x, "dec.output_norm"));
  b.g[x].output = true;
  b.g.expand(x);
}

// src/models/t5.cpp, the encoder; it stands alone in T5 encoders.
void build_t5_encoder(GraphBuilder& b, const Family& f) {
  NodeId x = b.embed(false);
  const AttentionInput input = b.batch_input();
  Distances distances(b, b.n_tokens);
  for (const std::size_t il : b.plan) {
    b.enter(il);
    Attention a = attention_of(b);
    NodeId cur = b.norm(x, "enc.attn_norm");
    a.qkv =
        project(b, {"enc.attn_q.weight", "enc.attn_k.weight", "enc.attn_v.weight"}, cur, cur, a);
    a.bias = distances.bias("enc.attn_rel_b.weight");
    cur = b.mat("enc.attn_o.weight", b.attend_batch(input, a));
    if (b.last) cur = b.pick(cur), x = b.pick(x);
    const NodeId residual = b.add(cur, x);
    cur = b.feed_forward(b.norm(residual, "enc.ffn_norm"), "enc.ffn_up", "enc.ffn_gate",
                         "enc.ffn_down", f.act);
    x = b.add(cur, residual);
  }
  b.finish(x, "enc.output_norm");
}

}  // namespace fitvram
