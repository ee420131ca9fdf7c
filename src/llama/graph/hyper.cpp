#include "llama/graph/hyper.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t f32 = f32_elem.block_bytes;

NodeId cast(GraphBuilder& b, NodeId x) { return b.other(b.ne(x), {x}); }

NodeId normed(GraphBuilder& b, NodeId x) {
  const Shape s = b.ne(x);
  return b.unary(b.reshape(x, {s[0] * s[1], s[2], 1, 1}));
}

/// sigmoid(x * scale + base), shifted.
NodeId gate(GraphBuilder& b, NodeId x, NodeId scale, NodeId base) {
  return b.scale(b.unary(b.add(b.mul(x, scale), base)));
}

/// The streams added up, each with its weight.
NodeId weighted_sum(GraphBuilder& b, NodeId x, NodeId weights) {
  const Shape s = b.ne(x);
  NodeId sum = no_node;
  for (std::uint64_t i = 0; i < s[1]; ++i) {
    const NodeId one = b.g.part(x, {s[0], s[2], 1, 1}, f32 * s[0] * s[1]);
    const NodeId weight = b.g.part(weights, {1, s[2], 1, 1}, f32 * b.ne(weights)[0]);
    const NodeId term = b.mul(one, weight);
    sum = sum == no_node ? term : b.add(sum, term);
  }
  return sum;
}

}  // namespace

Hyper::Hyper(GraphBuilder& builder, bool mixed)
    : b_(builder), mixed_(mixed), n_(builder.hp.hyper_connections.value_or(0)) {
  constexpr std::uint64_t most = 16;
  if (n_ == 0 || n_ > most) throw Unbuilt{};
}

NodeId Hyper::start(NodeId x) {
  const NodeId flat = b_.reshape(x, {b_.n_embd, 1, b_.n_tokens, 1});
  return b_.other({b_.n_embd, n_, b_.n_tokens, 1}, {flat});
}

NodeId Hyper::into(NodeId streams, std::string_view block) {
  const std::string stem = "hc_" + std::string(block);
  const NodeId fn = b_.weight(stem + "_fn.weight"), scale = b_.weight(stem + "_scale.weight"),
               base = b_.weight(stem + "_base.weight");
  const std::uint64_t t = b_.ne(streams)[2];
  const NodeId mixes = b_.mat(fn, normed(b_, streams));
  const std::uint64_t row = f32 * b_.ne(mixes)[0];
  const auto some = [&] { return b_.g.part(mixes, {n_, t, 1, 1}, row); };
  const auto one_scale = [&] { return b_.g.view(scale, {1, 1, 1, 1}); };
  const auto one_base = [&] { return b_.g.view(base, {n_, 1, 1, 1}); };
  const NodeId pre = gate(b_, some(), one_scale(), one_base());
  post_ = gate(b_, some(), one_scale(), one_base());
  if (!mixed_) {
    post_ = b_.scale(post_);
    return cast(b_, weighted_sum(b_, cast(b_, streams), pre));
  }
  comb_ = b_.other({n_, n_, t, 1}, {mixes, scale, base});
  return b_.other({b_.n_embd, t, 1, 1}, {streams, pre});
}

NodeId Hyper::out_of(NodeId x, NodeId residual) {
  const Shape s = b_.ne(residual);
  if (mixed_) return b_.other(s, {x, residual, post_, comb_});
  const NodeId wide = cast(b_, x), post = cast(b_, post_), before = cast(b_, residual);
  NodeId out = no_node;
  for (std::uint64_t i = 0; i < n_; ++i) {
    const NodeId stream = b_.g.part(before, {s[0], s[2], 1, 1}, f32 * s[0] * n_);
    const NodeId weight = b_.g.part(post, {1, s[2], 1, 1}, f32 * n_);
    const NodeId sum = b_.in_place(stream, {stream, b_.mul(wide, weight)});
    const NodeId next = b_.reshape(sum, {s[0], 1, s[2], 1});
    out = out == no_node ? next : b_.other({s[0], i + 1, s[2], 1}, {out, next});
  }
  return cast(b_, out);
}

void Hyper::expand_gates() {
  b_.g.expand(post_);
  b_.g.expand(comb_);
}

NodeId Hyper::end(NodeId streams) {
  const std::uint64_t wide = n_ * b_.n_embd, t = b_.n_outputs;
  const NodeId picked = b_.pick(b_.reshape(streams, {wide, b_.n_tokens, 1, 1}));
  const NodeId x = b_.reshape(picked, {b_.n_embd, n_, t, 1});
  b_.layer = SIZE_MAX;
  const NodeId mixes = b_.mat(b_.global("output_hc_fn.weight"), normed(b_, x));
  const NodeId weights =
      gate(b_, mixes, b_.global("output_hc_scale.weight"), b_.global("output_hc_base.weight"));
  return mixed_ ? weighted_sum(b_, x, weights) : cast(b_, weighted_sum(b_, cast(b_, x), weights));
}

}  // namespace fitvram
