#include <string>
#include <utility>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

/// The blocks of the encoder or of the decoder, by the first part of their tensors' names.
class Stack {
 public:
  Stack(GraphBuilder& b, const GraphRule& f, std::string prefix, std::uint64_t n_kv)
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
  const GraphRule& f_;
  std::string prefix_;
  std::uint64_t n_kv_;
  NodeId buckets_, table_ = no_node;
};

// src/models/t5.cpp, v0.5.0: the decoder, which is what a context is planned for.
void build_t5(GraphBuilder& b, const GraphRule& f) {
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
void build_t5_encoder(GraphBuilder& b, const GraphRule& f) {
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

void read_t5(const HfReader& r, Hparams& h) {
  h.n_ctx_train = r.count_or("n_positions", 512);
  if (h.architecture == "t5") h.dec_n_layer = r.count("num_decoder_layers");
  h.n_rel_attn_bkts = r.count_or("relative_attention_num_buckets", 32);
  h.gated_ff = r.word("feed_forward_proj").starts_with("gated");
  h.rel_bias_each = class_contains(r, "UMT5") || class_contains(r, "umt5");
}

constexpr ConfigClass t5_classes[] = {
    {"t5 T5ForConditionalGeneration T5EncoderModel T5WithLMHeadModel",
     "num_layers=6 d_model=512 d_ff=2048 num_heads=8 d_kv=64 vocab_size=32128 "
     "relative_attention_num_buckets=32 n_positions=512"},
    {"mt5 MT5ForConditionalGeneration",
     "num_layers=8 d_model=512 d_ff=1024 num_heads=6 d_kv=64 vocab_size=250112 "
     "relative_attention_num_buckets=32 feed_forward_proj=gated-gelu n_positions=512"},
    {"umt5 UMT5ForConditionalGeneration UMT5Model",
     "num_layers=8 d_model=512 d_ff=1024 num_heads=6 d_kv=64 vocab_size=250112 "
     "relative_attention_num_buckets=32 feed_forward_proj=gated-gelu n_positions=512"},
};
static_assert(well_formed(t5_classes));

constexpr Family rows[] = {
    {.gguf = "t5",
     .hf = "T5WithLMHeadModel T5ForConditionalGeneration MT5ForConditionalGeneration "
           "UMT5ForConditionalGeneration UMT5Model t5 mt5 umt5",
     .source = "src/models/t5.cpp",
     .load = {.encodes = true, .one_stream = true},
     .tensors = {.output_norm = "", .globals = t5_globals, .layer = t5_layer},
     .graph = {.build = build_t5},
     .config = {.read = read_t5, .classes = t5_classes, .ties = true},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "t5encoder",
     .hf = "T5EncoderModel",
     .source = "src/models/t5encoder.cpp",
     .load = {.encodes = true},
     .tensors = {.output_norm = "enc.output_norm",
                 .tying = Tying::always,
                 .layer = t5_encoder_layer},
     .graph = {.build = build_t5_encoder},
     .config = {.read = read_t5},
     .elsewhere = {.not_in_servers = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::t5{rows};

}  // namespace fitvram
