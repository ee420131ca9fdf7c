#include "base/malformed.hpp"
#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/hrm-text.cpp, v0.5.0: two stacks of blocks in turn, each with a state of its own.
void build_hrm_text(GraphBuilder& b, const GraphRule& f) {
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
    (block_of(b.family, b.hp, il) < run ? low : high) = x;
  }
  b.layer = SIZE_MAX;
  b.result(b.logits(b.pick(high)));
}

void hrm_globals(TensorBuilder& b) { b.add("hrm.z_l_init", b.n_embd()); }

// One block of the file serves several times, each time with its own cache
// (conversion/hrm_text.py).
void read_hrm_text(const HfReader& r, Hparams& h) {
  h.n_layer_per_stack = r.count_or("num_layers_per_stack", *h.n_layer);
  h.n_l_cycle = r.need("L_cycles");
  const std::uint64_t n =
      std::uint64_t{*h.n_layer_per_stack} * r.need("H_cycles") * (std::uint64_t{*h.n_l_cycle} + 1);
  if (n > 16384) {
    throw Malformed(ErrorCode::limit, r.where("H_cycles"), std::to_string(n) + " layers");
  }
  h.n_layer = static_cast<std::uint32_t>(n);
}

constexpr Family rows[] = {
    {.gguf = "hrm_text",
     .hf = "HrmTextForCausalLM hrm_text",
     .source = "src/models/hrm-text.cpp",
     .cache = {.repeats = Repeats::stacks},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .gate = AttentionGate::per_value,
                 .output_norm = "",
                 .globals = hrm_globals},
     .graph = {.build = build_hrm_text},
     .config = {.read = read_hrm_text}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::hrm_text{rows};

}  // namespace fitvram
