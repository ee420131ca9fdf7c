#include "llama/graph/families.hpp"

namespace fitvram {

namespace {

/// The inputs of earlier blocks, of which later ones mix a share into theirs.
class Checkpoints {
 public:
  explicit Checkpoints(GraphBuilder& b) : b_(b) {}

  void push(NodeId x) {
    const NodeId one = b_.reshape(x, {b_.n_embd, 1, b_.n_tokens, 1});
    stack_ = n_++ == 0 ? one : b_.other({b_.n_embd, n_, b_.n_tokens, 1}, {stack_, one});
  }

  NodeId mix(NodeId x, NodeId scores) {
    if (n_ == 0) return x;
    const std::uint64_t t = b_.n_tokens;
    const auto score = [&](NodeId y, std::uint64_t n) {
      return b_.reshape(b_.other({1, n, t, 1}, {b_.mul(b_.unary(y), scores)}), {n, t, 1, 1});
    };
    const NodeId of_stack = score(stack_, n_);
    const NodeId of_x = b_.other({1, t, 1, 1}, {b_.mul(b_.unary(x), scores)});
    const NodeId shares = b_.unary(b_.other({n_ + 1, t, 1, 1}, {of_stack, of_x}));
    const NodeId by_stack = b_.cont(b_.strided(shares, {n_, t, 1, 1}));
    const NodeId by_x = b_.cont(b_.strided(shares, {1, t, 1, 1}));
    const NodeId mixed = b_.other({b_.n_embd, t, 1, 1}, {stack_, by_stack});
    return b_.add(mixed, b_.mul(x, by_x));
  }

 private:
  GraphBuilder& b_;
  NodeId stack_ = no_node;
  std::uint64_t n_ = 0;
};

}  // namespace

// src/models/kimi-k3.cpp, v0.5.0.
void build_kimi_k3(GraphBuilder& b, const Family& f) {
  NodeId x = b.embed(false);
  b.full = b.attention_input(false, b.hp.head_dim_k_mla.value_or(0) != 0);
  Checkpoints checkpoints(b);
  const std::size_t each = b.hp.attn_res_block_size.value_or(0);
  const auto mixed = [&](NodeId y, const char* scores) {
    return each == 0 ? y : checkpoints.mix(y, b.weight(scores));
  };
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = mixed(x, "attn_res_score.weight");
    const bool banked = each != 0 && il % each == 0;
    if (banked) checkpoints.push(x);
    cur = b.norm(cur, "attn_norm");
    b.g.expand(cur);
    const bool recurrent = b.model.layers[il].kind == LayerKind::recurrent;
    cur = recurrent ? mix_kda(b, cur) : mix_latent(b, f, cur);
    x = banked ? cur : b.add(x, cur);
    cur = ffn_block(b, f, b.norm(mixed(x, "ffn_res_score.weight"), "ffn_norm"));
    x = b.add(x, cur);
  }
  if (each != 0) x = checkpoints.mix(x, b.global("output_res_score.weight"));
  b.head(b.pick(x), 0);
}

}  // namespace fitvram
