#include <string>
#include <utility>

#include "llama/graph/families.hpp"

namespace fitvram {

namespace {

/// The blocks of the encoder or of the decoder, by the first part of their tensors' names.
class Stack {
 public:
  Stack(GraphBuilder& b, const Family& f, std::string prefix, std::uint64_t n_kv)
      : b_(b),
        f_(f),
        prefix_(std::move(prefix)),
        n_kv_(n_kv),
        buckets_(b.g.input({n_kv, b.n_tokens, 1, 1}, i32_elem)) {}

  /// Of the block's input to itself, by distance.
  Attention attention(NodeId x) {
    const NodeId y = normed(x, "attn");
    Attention a = projected("attn", y, y);
    a.bias = bias();
    return a;
  }
  /// Of the block's input to what was encoded.
  Attention cross_attention(NodeId x, NodeId encoded) {
    return projected("cross_attn", normed(x, "cross_attn"), encoded);
  }
  NodeId output(const std::string& attention, NodeId heads) {
    return b_.mat(prefix_ + attention + "_o.weight", heads);
  }
  NodeId feed_forward(NodeId x) {
    const NodeId y = b_.feed_forward(normed(x, "ffn"), prefix_ + "ffn_up", prefix_ + "ffn_gate",
                                     prefix_ + "ffn_down", f_.act);
    return b_.add(y, x);
  }

 private:
  NodeId normed(NodeId x, const std::string& part) { return b_.norm(x, prefix_ + part + "_norm"); }

  Attention projected(const std::string& part, NodeId x, NodeId y) {
    Attention a = attention_of(b_);
    const auto by = [&](const char* matrix, NodeId of) {
      return b_.mat(prefix_ + part + matrix, of);
    };
    const NodeId q = by("_q.weight", x), k = by("_k.weight", y), v = by("_v.weight", y);
    const std::uint64_t n = b_.ne(y)[1];
    a.qkv = {b_.reshape(q, {a.d_k, a.n_head, b_.n_tokens, 1}),
             b_.reshape(k, {a.d_k, a.n_head_kv, n, 1}), b_.reshape(v, {a.d_v, a.n_head_kv, n, 1})};
    return a;
  }

  /// What the distance between two tokens adds to their score: a table that the first block holds
  /// for all, unless each has its own.
  NodeId bias() {
    const NodeId own = b_.weight(prefix_ + "attn_rel_b.weight");
    if (table_ == no_node) table_ = own;
    const NodeId flat = b_.reshape(buckets_, {n_kv_ * b_.n_tokens, 1, 1, 1});
    const NodeId each = b_.rows(own == no_node ? table_ : own, flat);
    const std::uint64_t n_head = b_.ne(each)[0];
    const NodeId cells = b_.reshape(each, {n_head, n_kv_, b_.n_tokens, 1});
    return b_.cont(b_.strided(cells, {n_kv_, b_.n_tokens, n_head, 1}));
  }

  GraphBuilder& b_;
  const Family& f_;
  std::string prefix_;
  std::uint64_t n_kv_;
  NodeId buckets_, table_ = no_node;
};

}  // namespace

// src/models/t5.cpp, v0.5.0: the decoder, which is what a context is planned for.
void build_t5(GraphBuilder& b, const Family& f) {
  if (b.size.n_stream > 1) throw Unbuilt{};  // refused, but callers need not ask
  NodeId x = b.embed(false);
  const std::uint64_t n_encoded = b.model.n_ctx_train;
  const NodeId encoded = b.g.input({b.n_embd, n_encoded, 1, 1}, f32_elem);
  const AttentionInput self = b.attention_input(false);
  AttentionInput cross;
  cross.mask = b.g.input({n_encoded, b.n_tokens, 1, 1}, b.flash ? f16_elem : f32_elem);
  Stack decoder(b, f, "dec.", self.n_kv);
  const std::size_t n_layer = b.hp.dec_n_layer.value_or(b.model.n_layer);
  for (const std::size_t il : b.plan) {
    if (il >= n_layer) break;
    b.enter(il);
    NodeId residual = b.add(decoder.output("attn", b.attend(self, decoder.attention(x))), x);
    NodeId cur = b.attend_batch(cross, decoder.cross_attention(residual, encoded));
    cur = decoder.output("cross_attn", cur);
    if (il + 1 == n_layer) cur = b.pick(cur), residual = b.pick(residual);
    x = decoder.feed_forward(b.add(cur, residual));
  }
  b.layer = SIZE_MAX;
  b.result(b.logits(b.norm(x, "dec.output_norm")));
}

// src/models/t5.cpp, the encoder; it stands alone in T5 encoders.
void build_t5_encoder(GraphBuilder& b, const Family& f) {
  NodeId x = b.embed(false);
  const AttentionInput input = b.batch_input();
  Stack encoder(b, f, "enc.", b.n_tokens);
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = encoder.output("attn", b.attend_batch(input, encoder.attention(x)));
    if (b.last) cur = b.pick(cur), x = b.pick(x);
    x = encoder.feed_forward(b.add(cur, x));
  }
  b.finish(x, "enc.output_norm");
}

}  // namespace fitvram
