#include <algorithm>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

/// Decays of linear attention within a batch.
struct Decays {
  NodeId slopes, q, k, diagonal;
};

NodeId mix_lightning(GraphBuilder& b, NodeId x, const Decays& decays) {
  const std::uint64_t n_head = b.hp.n_head.at(b.layer), t = b.n_tokens, seqs = b.n_seqs;
  const std::uint64_t each = t / seqs;
  const NodeId states = b.state_cache(CacheRole::recurrent_state);
  if (states == no_node || n_head == 0) throw Unbuilt{};
  const NodeId slope = b.scale(decays.slopes);
  const NodeId all = b.unary(b.mat("attn_qkv.weight", b.reshape(x, {b.n_embd, each, 1, seqs})));
  const std::uint64_t d = b.ne(all)[0] / (3 * n_head);
  const NodeId by_head = b.reshape(all, {3 * d, n_head, each, seqs});
  const auto part = [&] { return b.strided(by_head, {d, n_head, each, seqs}); };
  const NodeId q = part(), k = part(), v = part();
  const auto turned = [&](NodeId y) { return b.strided(y, {d, each, n_head, seqs}); };
  const NodeId old = b.reshape(b.state(states, d * d * n_head), {d, d, n_head, seqs});
  const NodeId q_decay = b.unary(b.scale(decays.q)), k_decay = b.unary(b.scale(decays.k));
  const NodeId diagonal = b.unary(b.scale(decays.diagonal));
  const NodeId outer = b.mat(old, turned(b.mul(q, q_decay)));
  const NodeId qk = b.mul(b.mat(turned(k), turned(q)), diagonal);
  const NodeId v_turned = b.cont(b.strided(v, {each, d, n_head, seqs}));
  NodeId y = b.add(outer, b.mat(v_turned, qk));
  b.g.expand(y);
  const NodeId block = b.reshape(b.unary(b.scale(slope)), {1, 1, n_head, 1});
  const NodeId kept = b.mul(old, block);
  const NodeId k_turned = b.cont(b.strided(b.mul(k, k_decay), {each, d, n_head, seqs}));
  b.keep_state(states, b.add(kept, b.mat(k_turned, v_turned)), d * d * n_head);
  y = b.cont(b.strided(y, {d, n_head, each, seqs}));
  y = b.norm(b.reshape(y, {d * n_head, each, 1, seqs}), "attn_norm_2");
  const NodeId gate = b.unary(b.mat("attn_gate.weight", b.reshape(x, {b.n_embd, each, 1, seqs})));
  y = b.mat("attn_output.weight", b.in_place(gate, {gate, y}));
  return b.reshape(y, {b.ne(y)[0], t, 1, 1});
}

// src/models/minimax-01.cpp, v0.5.0.
void build_minimax01(GraphBuilder& b, const GraphRule& f) {
  const std::uint64_t n_head = b.hp.n_head.max(), seqs = b.n_seqs, each = b.n_tokens / seqs;
  NodeId x = b.embed(false);
  b.full = b.attention_input(false);
  b.positions();
  const Shape of_tokens{1, n_head, each, seqs};
  const Decays decays{b.g.input({n_head, 1, 1, 1}, f32_elem), b.g.input(of_tokens, f32_elem),
                      b.g.input(of_tokens, f32_elem),
                      b.g.input({each, each, n_head, seqs}, f32_elem)};
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const NodeId normed = b.norm(x, "attn_norm");
    NodeId residual = normed;
    NodeId cur = b.model.layers[il].kind == LayerKind::recurrent ? mix_lightning(b, normed, decays)
                                                                 : mix_attention(b, f, normed);
    if (b.last) cur = b.pick(cur), residual = b.pick(residual);
    const NodeId in = b.norm(b.add(cur, b.scale(residual)), "ffn_norm");
    cur = ffn_block(b, f, in);
    x = b.add(cur, b.scale(in));
  }
  b.head(x, f.caps);
}

// src/models/minimax-m3.cpp and llama-kv-cache-msa.cpp, v0.5.0.

/// Blocks are chosen among this many positions: the planner asks an empty cache for the last one.
constexpr std::uint64_t planned_positions = 256;
constexpr std::uint64_t get_rows_step = 256;  // ggml-cuda.cu: values of IQ4_NL rows

class BlockSparse {
 public:
  explicit BlockSparse(GraphBuilder& builder)
      : b_(builder),
        n_head_(b_.hp.n_head.at(b_.layer)),
        n_group_(b_.hp.indexer_n_head.value_or(0)),
        index_dim_(b_.hp.indexer_head_dim.value_or(0)),
        block_(b_.hp.indexer_block_size.value_or(0)),
        ns_(b_.size.n_stream),
        t_(b_.n_tokens / ns_),
        n_kv_(b_.full.n_kv) {
    if (block_ == 0 || n_group_ == 0) throw Unbuilt{};
    n_pos_ = round_up(planned_positions, block_);
    n_block_ = n_pos_ / block_;
    top_k_ = std::min<std::uint64_t>(b_.hp.indexer_top_k.value_or(0), n_block_);
    make_inputs();
  }

  NodeId attend(NodeId x, const Attention& a) {
    NodeId iq = b_.reshape(b_.mat("indexer.q_proj.weight", x), heads(n_group_));
    NodeId ik = b_.reshape(b_.mat("indexer.k_proj.weight", x), heads(1));
    iq = b_.norm(iq, "indexer.q_norm"), ik = b_.norm(ik, "indexer.k_norm");
    iq = b_.rope(iq), ik = b_.rope(ik);
    const NodeId keys = b_.index_cache(ik);
    Cells cells = store(a);
    NodeId out = no_node;
    for (std::uint64_t i = 0; i < ns_; ++i) {
      const NodeId mask = chosen_blocks(iq, keys);
      const NodeId y = grouped(cells, mask, a);
      out = out == no_node ? y : b_.other({b_.ne(out)[0], t_ * (i + 1), 1, 1}, {out, y});
    }
    return cells.v_rot == no_node ? out : b_.hadamard(out, cells.v_rot);
  }

 private:
  struct Cells {
    NodeId q, k, v, v_rot;
  };

  Shape heads(std::uint64_t n) const { return {index_dim_, n, b_.n_tokens, 1}; }

  void make_inputs() {
    if (b_.blocks.bias != no_node) return;
    b_.indexer = b_.indexer_input(false);
    b_.blocks.bias = b_.g.input({n_block_, b_.n_tokens, 1, 1}, f32_elem);
    b_.blocks.pos_mask = b_.g.input({n_pos_, b_.n_tokens, 1, 1}, f32_elem);
    b_.blocks.pos_slot = b_.g.input({n_pos_, ns_, 1, 1}, i32_elem);
    b_.blocks.cell_block = b_.g.input({n_kv_, ns_, 1, 1}, i32_elem);
    b_.blocks.mask = b_.other(b_.ne(b_.full.mask), {b_.full.mask});
  }

  Cells store(const Attention& a) {
    NodeId q = a.qkv.q, k = a.qkv.k, v = a.qkv.v;
    const AttentionInput& in = b_.full;
    if (in.k_rot != no_node) q = b_.hadamard(q, in.k_rot), k = b_.hadamard(k, in.k_rot);
    if (in.v_rot != no_node) v = b_.hadamard(v, in.v_rot);
    b_.g.expand(q), b_.g.expand(k), b_.g.expand(v);
    const auto [k_cells, v_cells] = b_.store(in, a, k, v);
    return {q, k_cells, v_cells, in.v_rot};
  }

  /// The mask of one stream: the cells of the blocks that score best for each group of heads.
  NodeId chosen_blocks(NodeId iq, NodeId keys) {
    const std::uint64_t rows = n_group_ * t_;
    const auto part = [&](NodeId x, Shape ne) { return b_.g.view(x, ne); };
    const NodeId one_q = part(iq, {index_dim_, n_group_, t_, 1});
    const NodeId bias = part(b_.blocks.bias, {n_block_, 1, t_, 1});
    const NodeId by_pos =
        b_.rows(part(keys, {index_dim_, n_kv_, 1, 1}), part(b_.blocks.pos_slot, {n_pos_, 1, 1, 1}));
    b_.g[by_pos].host_only = runs_ggml_cuda(b_.workload) && index_dim_ % get_rows_step != 0 &&
                             b_.g[keys].elem == elem_of(*find_tensor_type("IQ4_NL"));
    NodeId score = b_.mat(by_pos, b_.reshape(one_q, {index_dim_, rows, 1, 1}));
    score = b_.reshape(score, {n_pos_, n_group_, t_, 1});
    score = b_.g.write(score, {score, part(b_.blocks.pos_mask, {n_pos_, 1, t_, 1})});
    const NodeId best = b_.other({n_block_, n_group_, t_, 1}, {score});
    const NodeId ids = b_.other({top_k_, n_group_, t_, 1}, {b_.add(best, bias)}, i32_elem);

    NodeId hidden = b_.other({n_block_, 1, t_, 1}, {b_.scale(bias)}, f16_elem);
    hidden = b_.other({n_block_, n_group_, t_, 1}, {hidden}, f16_elem);
    const NodeId zero = b_.scale(b_.other(b_.ne(ids), {ids}));
    const NodeId target = b_.reshape(hidden, {1, n_block_, rows, 1});
    NodeId blocks = b_.g.write(target, {b_.reshape(zero, {1, top_k_, rows, 1}),
                                        b_.reshape(ids, {top_k_, rows, 1, 1}), target});
    blocks = b_.reshape(blocks, {n_block_, n_group_, t_, 1});
    blocks = b_.cont(b_.strided(blocks, {n_block_, t_, n_group_, 1}));
    blocks = b_.reshape(blocks, {n_block_, rows, 1, 1});
    blocks = b_.cont(b_.strided(blocks, {rows, n_block_, 1, 1}));
    const NodeId by_cell = b_.rows(blocks, part(b_.blocks.cell_block, {n_kv_, 1, 1, 1}));
    NodeId mask = b_.cont(b_.strided(by_cell, {n_kv_, rows, 1, 1}));
    mask = b_.reshape(mask, {n_kv_, t_, n_group_, 1});
    mask = b_.g.write(mask, {mask, part(b_.blocks.mask, {n_kv_, t_, 1, 1})});
    return b_.other({n_kv_, t_, 1, n_group_}, {b_.reshape(mask, {n_kv_, t_, 1, n_group_})},
                    f16_elem);
  }

  /// Attention of one stream, the groups of heads side by side as sequences.
  NodeId grouped(const Cells& cells, NodeId mask, const Attention& a) {
    const std::uint64_t each = n_head_ / a.n_head_kv;
    NodeId q = b_.g.view(cells.q, {a.d_k, n_head_, t_, 1});
    q = b_.reshape(q, {a.d_k, each, a.n_head_kv, t_});
    q = b_.strided(q, {a.d_k, t_, each, a.n_head_kv});
    const auto by_group = [&](NodeId x, std::uint64_t d) {
      const NodeId one = b_.g.view(x, {d, a.n_head_kv, n_kv_, 1});
      return b_.strided(one, {d, n_kv_, 1, a.n_head_kv});
    };
    const NodeId k = by_group(cells.k, a.d_k), v = by_group(cells.v, a.d_v);
    NodeId y = b_.flash_attention(q, k, v, mask, a);
    if (t_ > 1) y = b_.cont(b_.strided(y, {a.d_v, each, a.n_head_kv, t_}));
    return b_.reshape(y, {a.d_v * n_head_, t_, 1, 1});
  }

  GraphBuilder& b_;
  std::uint64_t n_head_, n_group_, index_dim_, block_, ns_, t_, n_kv_;
  std::uint64_t n_pos_ = 0, n_block_ = 0, top_k_ = 0;
};

NodeId mix_block_sparse(GraphBuilder& b, const GraphRule& f, NodeId x) {
  const bool streams = b.n_seqs == 1 || !b.workload.kv_unified;
  const bool sparse = b.flash && streams && b.has("indexer.q_proj.weight");
  if (!sparse) return mix_attention(b, f, x);
  const Attention a = projected(b, f, x);
  return b.mat_bias("attn_output", BlockSparse(b).attend(x, a));
}

// Lightning attention; 1 in attn_type_list is softmax attention (MiniMax-Text-01 and M1).
void read_minimax01(const HfReader& r, Hparams& h) {
  const auto kinds = r.list("attn_type_list");
  if (kinds.size() >= *h.n_layer) {
    for (std::uint32_t i = 0; i < *h.n_layer; ++i) h.recurrent_layers.push_back(kinds[i] == 0);
  }
  h.la_head_dim = h.head_dim_k;
}

constexpr ConfigClass minimax_m2_classes[] = {
    {"minimax_m2",
     "num_hidden_layers=62 hidden_size=3072 intermediate_size=1536 num_attention_heads=48 "
     "num_key_value_heads=8 head_dim=128 vocab_size=200064 max_position_embeddings=196608 "
     "num_local_experts=256 num_experts_per_tok=8"},
};
static_assert(well_formed(minimax_m2_classes));

constexpr ConfigClass minimax_m3_classes[] = {
    {"minimax_m3_vl_text minimax_m3_vl minimax_m3 minimax_m3_sparse",
     "num_hidden_layers=60 hidden_size=6144 intermediate_size=3072 num_attention_heads=64 "
     "num_key_value_heads=4 head_dim=128 vocab_size=200064 max_position_embeddings=524288 "
     "num_local_experts=128 n_shared_experts=1 num_experts_per_tok=4 shared_intermediate_size=3072 "
     "dense_intermediate_size=12288 rotary_dim=64"},
};
static_assert(well_formed(minimax_m3_classes));

// CLIP with positions that rotate, its projector, and a merger of patches (img_token_compression).
std::uint64_t minimax_m3_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const char* merging = "img_token_compression_config";
  const std::uint64_t frames = v.inside(merging, "temporal_patch_size", 2);
  const std::uint64_t out = v.top("projector_hidden_size");
  const std::uint64_t in = merged(out, v.inside(merging, "spatial_merge_size", 2));
  return 3 * frames * square(v.at("patch_size")) * d + 2 * d +
         v.at("num_hidden_layers") * plain_layer(d, v.at("intermediate_size")) + linear(d, out) +
         linear(out, n_embd) + linear(in, n_embd) + linear(n_embd, n_embd);
}

constexpr Tower minimax_m3_towers[] = {
    {"minimax_m3_vl/clip_vision_model", minimax_m3_vision,
     "hidden_size=1280 intermediate_size=5120 num_hidden_layers=32 patch_size=14 "
     "projector_hidden_size=6144"},
    {"minimax_m3_vl", minimax_m3_vision,
     "hidden_size=1280 intermediate_size=5120 num_hidden_layers=32 patch_size=14 "
     "projector_hidden_size=6144"}};

// The class calls the experts' width intermediate_size; only the leading layers are dense
// (conversion/minimax.py).
void read_minimax_m3(const HfReader& r, Hparams& h) {
  h.n_ff_exp = h.n_ff;
  h.n_ff = r.need("dense_intermediate_size");
}

constexpr Family rows[] = {
    stranger("minimax", {.mlx_lm = {.plain = "minimax"}}),
    {.gguf = "minimax-01",
     .hf = "MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM minimax_text_01 minimax_m1",
     .source = "src/models/minimax-01.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::interval,
               .state = StateRule::linear_attention,
               .interval = 8},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::lightning,
                 .feed_forward = gated,
                 .norms = pre},
     .graph = {.build = build_minimax01, .norm_weights = 1},
     .config = {.read = read_minimax01}},
    {.gguf = "minimax-m2",
     .hf = "MiniMaxM2ForCausalLM minimax_m2",
     .source = "src/models/minimax-m2.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::whole,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .flat_qkv = true, .norm_weights = 1},
     .config = {.read = experts_as_wide_as_ff, .classes = minimax_m2_classes},
     .elsewhere = {.exllamav3 = "minimax_m2", .mlx_lm = {.plain = "minimax_m2"}}},
    {.gguf = "minimax-m3",
     .hf = "MiniMaxM3SparseForCausalLM MiniMaxM3SparseForConditionalGeneration minimax_m3 "
           "minimax_m3_sparse minimax_m3_vl",
     .source = "src/models/minimax-m3.cpp",
     .cache = {.memory = MemoryClass::msa, .indexer = IndexerRule::after_dense_lead},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .indexer = IndexerBlock::blocks,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .attention = mix_block_sparse},
     .config = {.read = read_minimax_m3,
                .classes = minimax_m3_classes,
                .outer_classes = "MiniMaxM3SparseForConditionalGeneration",
                .towers = minimax_m3_towers}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::minimax{rows};

}  // namespace fitvram
