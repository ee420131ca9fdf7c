#include "llama/graph/families.hpp"

namespace fitvram {

// src/models/hrm-text.cpp, v0.5.0: two stacks of blocks in turn, each with a state of its own.
void build_hrm_text(GraphBuilder& b, const Family& f) {
  const std::uint64_t run = b.hp.n_layer_per_stack.value_or(0);
  if (run == 0) throw Unbuilt{};
  NodeId high = b.embed(b.hp.embedding_scale.value_or(0) != 0);
  b.full = b.attention_input(false);
  NodeId low = b.global("hrm.z_l_init");
  NodeId x = no_node;
  for (const std::size_t il : b.plan) {
    b.enter(il);
    if (il % run == 0) x = b.add(high, low);
    x = b.add(mix_attention(b, f, b.norm(x, "attn_norm")), x);
    x = b.add(ffn_block(b, f, b.norm(x, "ffn_norm")), x);
    if ((il + 1) % run != 0) continue;
    x = b.norm(x, "stack_norm");
    (block_of(b.arch, b.hp, il) < run ? low : high) = x;
  }
  b.layer = SIZE_MAX;
  b.result(b.logits(b.pick(high)));
}

}  // namespace fitvram
