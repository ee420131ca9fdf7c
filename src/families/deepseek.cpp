#include <algorithm>
#include <string>
#include <vector>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/dsa.hpp"
#include "llama/graph/hyper.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/deepseek4.cpp, llama-kv-cache-dsv4.cpp and build_inp_dsv4 in llama-graph.cpp, v0.5.0.

constexpr std::uint64_t f32 = f32_elem.block_bytes;
constexpr std::uint32_t few = 4, many = 128;  // tokens that are compressed into one entry

/// The last tokens before they are compressed: values and scores, in f32.
struct State {
  std::uint64_t width = 0, rows = 0;
};

/// Inputs of one of the caches of compressed entries.
struct Compressed {
  std::uint64_t n_kv = 0, ratio = 0, n_block = 0;
  State state;
  NodeId pos = no_node, persist_src = no_node, persist_dst = no_node;
  NodeId restore_src = no_node, restore_dst = no_node;
  NodeId snapshot_src = no_node, snapshot_dst = no_node;
  NodeId read = no_node, write = no_node, write_pos = no_node, mask = no_node, k_rot = no_node;
};

const CacheSlot* slot_of(const Layer& layer, CacheRole role, Growth growth, std::uint32_t span) {
  for (const CacheSlot& slot : layer.caches)
    if (slot.role == role && slot.growth == growth && (span == 0 || slot.span == span))
      return &slot;
  return nullptr;
}

class DeepSeek4 {
 public:
  explicit DeepSeek4(GraphBuilder& builder)
      : b_(builder),
        hp_(b_.hp),
        dim_(hp_.head_dim_k.value_or(0)),
        index_dim_(hp_.indexer_head_dim.value_or(0)),
        t_(b_.n_tokens),
        ns_(b_.n_seqs) {}

  void build() {
    const NodeId embd = b_.embed(false);
    b_.positions();
    make_inputs();
    b_.g.expand(raw_.mask);
    Hyper hyper(b_, true);
    NodeId x = hyper.start(embd);
    for (const std::size_t il : b_.plan) {
      b_.enter(il);
      NodeId cur = b_.norm(hyper.into(x, "attn"), "attn_norm");
      x = hyper.out_of(attention(cur), x);
      cur = hyper.into(x, "ffn");
      b_.g.expand(x);
      hyper.expand_gates();
      x = hyper.out_of(feed_forward(b_.norm(cur, "ffn_norm")), x);
      b_.pin(x);
    }
    b_.head(hyper.end(x), 0);
  }

 private:
  NodeId ints(std::uint64_t n, Elem elem = i32_elem) {
    return n == 0 ? no_node : b_.g.input({n, 1, 1, 1}, elem);
  }

  NodeId rotation(std::uint64_t width, bool always) {
    if (!always && !(cache_type_k(b_.workload).quantized() && width % 64 == 0)) return no_node;
    const std::uint64_t n = rotation_size(width);
    return b_.g.input({n, n, 1, 1}, f32_elem);
  }

  void make_inputs() {
    const Elem mask = b_.flash ? f16_elem : f32_elem;
    ContextSize size = b_.size;
    size.n_stream = ns_;
    const auto cells_of = [&](CacheRole role, Growth growth, std::uint32_t span) {
      for (const Layer& layer : b_.model.layers)
        if (const CacheSlot* slot = slot_of(layer, role, growth, span))
          return llama_cells(*slot, size, b_.workload);
      return std::uint64_t{0};
    };
    raw_.n_kv = cells_of(CacheRole::kv, Growth::sliding, 0);
    raw_.k_idxs = ints(t_, i64_elem);
    raw_.mask = b_.g.input({raw_.n_kv, t_ / ns_, 1, ns_}, mask);
    raw_.k_rot = rotation(dim_, dim_ == index_dim_);
    csa_ =
        compressed(cells_of(CacheRole::kv, Growth::strided, few), few, {2 * dim_, 2 * few}, mask);
    hca_ = compressed(cells_of(CacheRole::kv, Growth::strided, many), many, {dim_, many}, mask);
    lid_ = compressed(cells_of(CacheRole::indexer, Growth::strided, few), few,
                      {2 * index_dim_, 2 * few}, f16_elem);
    csa_.k_rot = rotation(dim_, dim_ == index_dim_);
    hca_.k_rot = rotation(dim_, dim_ == index_dim_);
    lid_.k_rot = rotation(index_dim_, true);
  }

  Compressed compressed(std::uint64_t n_kv, std::uint64_t ratio, State state, Elem mask) {
    Compressed in;
    in.n_kv = n_kv, in.ratio = ratio, in.state = state;
    if (n_kv == 0) return in;
    in.n_block = t_ / ratio + ns_;
    const std::uint64_t rows = state.rows * ns_, n_rs = b_.state_slots() - 1;
    const std::uint64_t kept = std::min(t_, rows);
    in.pos = ints(t_);
    in.persist_src = ints(kept), in.persist_dst = ints(kept);
    in.restore_src = ints(n_rs > 0 ? rows : 0), in.restore_dst = ints(n_rs > 0 ? rows : 0);
    in.snapshot_src = ints(n_rs * rows), in.snapshot_dst = ints(n_rs * rows);
    in.read = ints((ratio == few ? 2 : 1) * ratio * in.n_block);
    in.write = ints(in.n_block, i64_elem), in.write_pos = ints(in.n_block);
    in.mask = b_.g.input({n_kv, t_ / ns_, 1, ns_}, mask);
    return in;
  }

  NodeId cache(std::uint64_t width, std::uint64_t n_kv) {
    const bool device = b_.workload.offload_kqv && b_.devices.holds_layer(b_.layer);
    return b_.g.external({width, n_kv, ns_, 1}, elem_of(cache_type_k(b_.workload)),
                         device ? Place::device : Place::host, false);
  }

  void store(NodeId cells, NodeId fresh, NodeId idxs) {
    const Shape s = b_.ne(cells), f = b_.ne(fresh);
    const NodeId target = ns_ > 1 ? b_.g.view(cells, {s[0], s[1] * ns_, 1, 1}) : cells;
    b_.g.expand(b_.g.write(target, {b_.strided(fresh, {s[0], f[2], 1, 1}), idxs, target}));
  }

  NodeId turn(NodeId x, NodeId pos) { return b_.g.op(Op::rope, b_.ne(x), f32_elem, {x, pos}); }
  NodeId rotated(NodeId x, NodeId rot) { return rot == no_node ? x : b_.hadamard(x, rot); }

  NodeId join(NodeId x, NodeId y) {
    const Shape a = b_.ne(x);
    return b_.other({a[0], a[1] + b_.ne(y)[1], a[2], a[3]}, {x, y});
  }

  /// Values or scores of the state, of all snapshots.
  struct Restored {
    NodeId all, view;
  };
  Restored restored(const Compressed& in) {
    const std::uint64_t rows = in.state.rows * ns_ * b_.state_slots();
    const bool device = b_.workload.offload_kqv && b_.devices.holds_layer(b_.layer);
    const NodeId state = b_.g.external({in.state.width, rows, 1, 1}, f32_elem,
                                       device ? Place::device : Place::host, false);
    const NodeId view = b_.g.view(state, {in.state.width, rows, 1, 1});
    if (in.restore_src == no_node) return {state, view};
    const NodeId target = b_.g.view(state, {in.state.width, rows, 1, 1});
    return {state, b_.g.write(target, {b_.rows(view, in.restore_src), in.restore_dst, target})};
  }

  void keep(const Compressed& in, NodeId state, NodeId source, NodeId src, NodeId dst) {
    const std::uint64_t rows = in.state.rows * ns_ * b_.state_slots();
    const NodeId target = b_.g.view(state, {in.state.width, rows, 1, 1});
    kept_.push_back(b_.g.write(target, {b_.rows(source, src), dst, target}));
  }
  void expand_kept() {
    for (const NodeId node : kept_) b_.g.expand(node);
    kept_.clear();
  }

  NodeId with_empty_row(NodeId x) {
    const std::uint64_t width = b_.ne(x)[0];
    const NodeId row = b_.scale(b_.g.view(x, {width, 1, 1, 1}));
    return join(x, b_.reshape(row, {width, 1, 1, 1}));
  }

  /// Entries weighted by scores and added up: [ratio, dim, entries] each.
  NodeId entries(NodeId values, NodeId scores, const Compressed& in, const char* norm) {
    const Shape s = b_.ne(values);
    const Shape swapped{s[1], s[0], s[2], 1};
    values = b_.cont(b_.strided(values, swapped));
    scores = b_.cont(b_.strided(scores, swapped));
    const NodeId sum = b_.other({1, s[0], s[2], 1}, {b_.mul(values, b_.unary(scores))});
    const NodeId comp = b_.cont(b_.strided(sum, {s[0], 1, s[2], 1}));
    return turn(b_.norm(comp, norm), in.write_pos);
  }

  NodeId overlapping(NodeId kv, NodeId score, const Compressed& in, std::uint64_t dim,
                     const char* norm) {
    const NodeId kv_rows_source = with_empty_row(kv), score_rows_source = with_empty_row(score);
    const NodeId kv_rows = b_.rows(kv_rows_source, in.read);
    const NodeId score_rows = b_.rows(score_rows_source, in.read);
    const auto half = [&](NodeId rows) {
      const std::uint64_t n = in.ratio * in.n_block;
      const NodeId part = b_.cont(b_.g.part(rows, {dim, n, 1, 1}, f32 * b_.ne(rows)[0]));
      return b_.reshape(part, {dim, in.ratio, in.n_block, 1});
    };
    const NodeId kv_before = half(kv_rows), score_before = half(score_rows);
    const NodeId kv_now = half(kv_rows), score_now = half(score_rows);
    return entries(join(kv_before, kv_now), join(score_before, score_now), in, norm);
  }

  NodeId apart(NodeId kv, NodeId score, const Compressed& in, const char* norm) {
    const Shape s{dim_, in.ratio, in.n_block, 1};
    const NodeId values = b_.reshape(b_.rows(kv, in.read), s);
    return entries(values, b_.reshape(b_.rows(score, in.read), s), in, norm);
  }

  /// Adds the batch to the state, and what is complete to the cache of compressed entries.
  void compress(const Compressed& in, NodeId x, const std::string& stem, std::uint64_t dim) {
    const NodeId kv = b_.mat(stem + "_kv.weight", x);
    NodeId score = b_.mat(stem + "_gate.weight", x);
    score = b_.add(score, b_.rows(b_.weight(stem + "_ape.weight"), in.pos));
    const std::string norm = stem + "_norm";
    const Restored old_kv = restored(in), old_score = restored(in);
    const auto current = [&](const Restored& old, NodeId fresh) {
      return join(b_.g.view(old.view, {in.state.width, in.state.rows * ns_, 1, 1}), fresh);
    };
    const NodeId source_kv = current(old_kv, kv), source_score = current(old_score, score);
    NodeId comp = in.ratio == few ? overlapping(source_kv, source_score, in, dim, norm.c_str())
                                  : apart(source_kv, source_score, in, norm.c_str());
    comp = rotated(comp, in.k_rot);
    store(cache(dim, in.n_kv), comp, in.write);
    if (in.snapshot_src != no_node) {
      const NodeId all_kv = join(old_kv.view, kv), all_score = join(old_score.view, score);
      keep(in, old_kv.all, all_kv, in.snapshot_src, in.snapshot_dst);
      keep(in, old_score.all, all_score, in.snapshot_src, in.snapshot_dst);
      expand_kept();
    }
    keep(in, old_kv.all, kv, in.persist_src, in.persist_dst);
    keep(in, old_score.all, score, in.persist_src, in.persist_dst);
    expand_kept();
  }

  NodeId most_relevant(NodeId x, NodeId qr) {
    const std::uint64_t n_head = hp_.indexer_n_head.value_or(0), each = t_ / ns_;
    NodeId q = b_.mat("indexer.attn_q_b.weight", qr);
    q = turn(b_.reshape(q, {index_dim_, n_head, t_, 1}), b_.positions());
    q = b_.hadamard(q, lid_.k_rot);
    NodeId weights = b_.scale(b_.mat("indexer.proj.weight", x));
    const NodeId cells = b_.g.view(cache(index_dim_, lid_.n_kv), {index_dim_, 1, lid_.n_kv, ns_});
    q = b_.strided(q, {index_dim_, n_head, each, ns_});
    weights = b_.strided(weights, {n_head, each, 1, ns_});
    const NodeId score = b_.other({lid_.n_kv, each, 1, ns_}, {q, cells, weights, lid_.mask});
    b_.g[score].host_only = !b_.indexer_on_device;
    const std::uint64_t n = std::min<std::uint64_t>(lid_.n_kv, hp_.indexer_top_k.value_or(0));
    return b_.cont(b_.other({n, each, 1, ns_}, {score}, i32_elem));
  }

  NodeId attend(NodeId q, NodeId kv, NodeId qr, NodeId x, std::uint32_t ratio) {
    const bool few_cells = ratio == few;
    const NodeId top_k = few_cells ? most_relevant(x, qr) : no_node;
    q = rotated(q, raw_.k_rot), kv = rotated(kv, raw_.k_rot);
    b_.g.expand(q), b_.g.expand(kv);
    const NodeId raw = cache(dim_, raw_.n_kv);
    store(raw, kv, raw_.k_idxs);
    NodeId k = b_.g.view(raw, {dim_, 1, raw_.n_kv, ns_}), mask = raw_.mask;
    if (ratio != 0) {
      const Compressed& in = few_cells ? csa_ : hca_;
      const NodeId more = b_.g.view(cache(dim_, in.n_kv), {dim_, 1, in.n_kv, ns_});
      const std::uint64_t n_kv = raw_.n_kv + in.n_kv;
      k = b_.other({dim_, 1, n_kv, ns_}, {k, more}, b_.g[k].elem);
      const Elem elem = b_.g[mask].elem;
      const NodeId seen = few_cells ? b_.seen_only(in.mask, top_k, elem) : in.mask;
      mask = b_.other({n_kv, t_ / ns_, 1, ns_}, {mask, seen}, elem);
    }
    Attention a;
    a.n_head = hp_.n_head.at(b_.layer), a.n_head_kv = 1, a.d_k = a.d_v = dim_, a.latent = true;
    a.sinks = b_.weight("attn_sinks.weight");
    return rotated(b_.heads({q, k, k}, mask, a, false), raw_.k_rot);
  }

  NodeId attention(NodeId x) {
    const std::uint64_t n_head = hp_.n_head.at(b_.layer);
    const std::uint32_t ratio =
        b_.layer < hp_.compress_ratios.size() ? hp_.compress_ratios[b_.layer] : 0;
    const NodeId qr = b_.norm(b_.mat("attn_q_a.weight", x), "attn_q_a_norm");
    NodeId q = b_.reshape(b_.mat("attn_q_b.weight", qr), {dim_, n_head, t_, 1});
    q = turn(b_.unary(q), b_.positions());
    NodeId kv = b_.norm(b_.mat("attn_kv.weight", x), "attn_kv_a_norm");
    kv = turn(b_.reshape(kv, {dim_, 1, t_, 1}), b_.positions());
    if (ratio == few) {
      compress(csa_, x, "attn_compressor", dim_);
      compress(lid_, x, "indexer_compressor", index_dim_);
    } else if (ratio == many) {
      compress(hca_, x, "attn_compressor", dim_);
    } else if (ratio != 0) {
      throw Unbuilt{};
    }
    NodeId y = b_.reshape(attend(q, kv, qr, x, ratio), {dim_, n_head, t_, 1});
    y = turn(y, b_.positions());
    const NodeId out_a = b_.weight("attn_output_a.weight");
    const std::uint64_t width = b_.ne(out_a)[0], groups = dim_ * n_head / width;
    if (groups == 0) throw Unbuilt{};
    const std::uint64_t rank = b_.ne(out_a)[1] * b_.ne(out_a)[2] / groups;
    y = b_.strided(b_.reshape(y, {width, groups, t_, 1}), {width, t_, groups, 1});
    y = b_.g.op(Op::mul_mat, {rank, t_, groups, 1}, f32_elem, {out_a, y});
    y = b_.other({rank * groups, t_, 1, 1}, {b_.strided(y, {rank, groups, t_, 1})});
    return b_.mat("attn_output_b.weight", y);
  }

  NodeId feed_forward(NodeId x) {
    Moe moe = stated_experts(hp_);
    moe.sqrt_softplus = true;
    if (const NodeId ids = b_.weight("ffn_gate_tid2eid.weight"); ids != no_node)
      moe.selected = b_.rows(ids, b_.token_ids);
    const NodeId routed = b_.experts(x, moe);
    return b_.add(
        routed, b_.feed_forward(x, "ffn_up_shexp", "ffn_gate_shexp", "ffn_down_shexp", Act::split));
  }

  GraphBuilder& b_;
  const Hparams& hp_;
  std::uint64_t dim_, index_dim_, t_, ns_;
  AttentionInput raw_;
  Compressed csa_, hca_, lid_;
  std::vector<NodeId> kept_;
};

void build_deepseek4(GraphBuilder& b, const GraphRule&) { DeepSeek4(b).build(); }

// Router by token id in the first layers, by score in the others.
void add_hashed_router(TensorBuilder& b) {
  if (b.layer() < b.h.hash_layer_count.value_or(0))
    b.weight("ffn_gate_tid2eid", b.h.n_expert_used.at(b.layer()), b.n_vocab());
  else
    b.add("exp_probs_b.bias", b.h.n_expert.value_or(0));
}

void deepseek4_layer(TensorBuilder& b) {
  if (b.is_moe()) add_hashed_router(b);
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  const std::uint64_t mix = sat_mul(2 + streams, streams);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_fn", sat_mul(streams, b.n_embd()), mix);
    b.weight(part + "_base", mix);
    b.weight(part + "_scale", 3);
  }
}

void deepseek4_output(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  b.weight("output_hc_fn", sat_mul(streams, b.n_embd()), streams);
  b.weight("output_hc_base", streams);
  b.weight("output_hc_scale", 1);
}

// What the classes of the third generation never say: their routers are sigmoids with a bias.
bool routes_by_sigmoid(const HfReader& r) {
  return is_called(r, "deepseek_v3") || class_contains(r, "DeepseekV3") ||
         is_called(r, "kimi_k2") || is_called(r, "glm4_moe_lite") ||
         class_contains(r, "Glm4MoeLite");
}

void read_deepseek2(const HfReader& r, Hparams& h) {
  latent_experts(r, h);
  if (is_mistral_params(r)) mistral_params(r, h);
  if (!h.expert_gating_func && h.n_expert && routes_by_sigmoid(r)) h.expert_gating_func = 2;
  if (is_called(r, "Glm4MoeLiteForCausalLM") || is_called(r, "glm4_moe_lite")) nextn(r, h);
}

// Without latent attention the same class is what llama.cpp calls deepseek2-ocr.
std::string_view deepseek2_instead(const HfReader& r) {
  const bool plain = !r.flag("use_mla").value_or(true) || r.is_null("kv_lora_rank");
  return plain ? "deepseek2-ocr" : "";
}

// Heads of zeros mean nothing where there is no latent.
void read_deepseek2_ocr(const HfReader&, Hparams& h) {
  h.n_rot.reset();
  if (!h.n_layer_dense_lead) h.n_layer_dense_lead = 0;
}

// The class's rule where layers are not listed; the words of layer_types where they are.
void read_deepseek4(const HfReader& r, Hparams& h) {
  if (!h.compress_ratios.empty()) return;
  const auto words = layer_words(r, *h.n_layer);
  if (words.empty()) r.use_rule("layer_types", "two of heavy compression, then both in turn");
  for (std::uint32_t i = 0; i < *h.n_layer; ++i) {
    const bool heavy = words.empty() ? i < 2 || i % 2 == 0 : words[i].starts_with("heavily");
    const bool none = !words.empty() && words[i].find("compressed") == std::string::npos;
    h.compress_ratios.push_back(none ? 0 : heavy ? many : few);
  }
}

// Mistral's own format (params.json) names no class (conversion/mistral.py).
bool claims_latent_params(const HfReader& r) {
  return is_mistral_params(r) && r.has("kv_lora_rank");
}

// MoonViT and the projector of Kimi-VL and Kimi-K2.5.
std::uint64_t moonvit(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size vt_hidden_size");
  const std::uint64_t f = v.at("intermediate_size vt_intermediate_size");
  const std::uint64_t in = merged(d, 2);
  if (v.word("norm_type") == "rmsnorm") unknown_tower();
  return linear(3 * square(v.at("patch_size")), d) +
         v.at("init_pos_emb_height") * v.at("init_pos_emb_width") * d +
         v.at("num_hidden_layers vt_num_hidden_layers") * plain_layer(d, f) + 2 * d + 2 * d +
         linear(in, in) + linear(in, n_embd);
}

constexpr Tower deepseek2_towers[] = {{"kimi_k25", moonvit}, {"moonvit", moonvit}};

constexpr ConfigClass deepseek2_classes[] = {
    {"deepseek_v2 DeepseekV2ForCausalLM",
     "hidden_size=4096 intermediate_size=11008 num_attention_heads=32 max_position_embeddings=2048 "
     "first_k_dense_replace=0 kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 "
     "qk_nope_head_dim=128 v_head_dim=128"},
    {"deepseek_v3 kimi_k2 kimi_k25 kimi_vl DeepseekV3ForCausalLM KimiK25ForConditionalGeneration "
     "KimiVLForConditionalGeneration MistralLarge3ForCausalLM",
     "num_hidden_layers=61 hidden_size=7168 intermediate_size=18432 num_attention_heads=128 "
     "vocab_size=129280 max_position_embeddings=4096 n_routed_experts=256 n_shared_experts=1 "
     "num_experts_per_tok=8 moe_intermediate_size=2048 first_k_dense_replace=3 n_group=8 "
     "topk_group=4 norm_topk_prob=true kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 "
     "qk_nope_head_dim=128 v_head_dim=128 tie_word_embeddings=false"},
    {"glm4_moe_lite Glm4MoeLiteForCausalLM",
     "num_hidden_layers=47 hidden_size=2048 intermediate_size=10240 num_attention_heads=20 "
     "vocab_size=154880 max_position_embeddings=202752 n_routed_experts=64 n_shared_experts=1 "
     "num_experts_per_tok=4 moe_intermediate_size=1536 norm_topk_prob=true kv_lora_rank=512 "
     "q_lora_rank=768 qk_rope_head_dim=64 qk_nope_head_dim=192 v_head_dim=256 "
     "first_k_dense_replace=1"},
    {"youtu YoutuForCausalLM",
     "num_hidden_layers=32 hidden_size=2048 intermediate_size=6144 num_attention_heads=16 "
     "vocab_size=128256 max_position_embeddings=131072 kv_lora_rank=512 q_lora_rank=1536 "
     "qk_rope_head_dim=64 qk_nope_head_dim=128 v_head_dim=128 tie_word_embeddings=true"},
};
static_assert(well_formed(deepseek2_classes));

constexpr ConfigClass deepseek2_ocr_classes[] = {
    {"deepseek_ocr",
     "hidden_size=4096 intermediate_size=11008 num_attention_heads=32 max_position_embeddings=2048 "
     "first_k_dense_replace=0"},
};
static_assert(well_formed(deepseek2_ocr_classes));

constexpr ConfigClass deepseek32_classes[] = {
    {"deepseek_v32",
     "num_hidden_layers=61 hidden_size=7168 intermediate_size=18432 num_attention_heads=128 "
     "vocab_size=129280 max_position_embeddings=163840 n_routed_experts=256 n_shared_experts=1 "
     "num_experts_per_tok=8 moe_intermediate_size=2048 first_k_dense_replace=3 n_group=8 "
     "topk_group=4 norm_topk_prob=true kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 "
     "qk_nope_head_dim=128 v_head_dim=128 index_topk=2048 index_head_dim=128 index_n_heads=64"},
};
static_assert(well_formed(deepseek32_classes));

constexpr ConfigClass deepseek4_classes[] = {
    {"deepseek_v4",
     "num_hidden_layers=43 hidden_size=4096 num_attention_heads=64 num_key_value_heads=1 "
     "head_dim=512 vocab_size=129280 max_position_embeddings=1048576 sliding_window=128 "
     "n_routed_experts=256 n_shared_experts=1 num_experts_per_tok=6 moe_intermediate_size=2048 "
     "norm_topk_prob=true q_lora_rank=1024 qk_rope_head_dim=64 index_topk=512 index_head_dim=128 "
     "index_n_heads=64 hc_mult=4 o_groups=8 o_lora_rank=1024 scoring_func=sqrtsoftplus "
     "num_hash_layers=3"},
};
static_assert(well_formed(deepseek4_classes));

constexpr Family rows[] = {
    {.gguf = "deepseek",
     .hf = "DeepseekForCausalLM deepseek",
     .source = "src/models/deepseek.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated, .out = Bias::stated}},
     .graph = {.build = build_transformer, .norm_weights = 0},
     .config = {.read = common_keys},
     .elsewhere = {.mlx_lm = {.plain = "deepseek"}}},
    {.gguf = "deepseek2",
     .hf = "DeepseekV2ForCausalLM DeepseekV3ForCausalLM KimiVLForConditionalGeneration "
           "KimiK25ForConditionalGeneration YoutuForCausalLM YoutuVLForConditionalGeneration "
           "Glm4MoeLiteForCausalLM deepseek_v2 deepseek_vl_v2 deepseek_v3 kimi_k2 kimi_k25 kimi_vl "
           "glm4_moe_lite "
           "youtu youtu_vl MistralLarge3ForCausalLM",
     .source = "src/models/deepseek2.cpp",
     .cache = {.mla = true},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.router_bias = RouterBias::if_sigmoid},
                 .nextn = {.own_head = true}},
     .graph = {.build = build_transformer, .attention = mix_latent},
     .config = {.read = read_deepseek2,
                .classes = deepseek2_classes,
                .instead = deepseek2_instead,
                .claims = claims_latent_params,
                .towers = deepseek2_towers},
     .elsewhere = {.exllamav3 = "deepseek_v3 glm4_moe_lite kimi_k2",
                   .mlx_lm = {.latent = "deepseek_v3 glm4_moe_lite kimi_k2 kimi_k25",
                              .expanded = "deepseek_v2"},
                   .mlxcel = "deepseek_v2",
                   .mlxcel_sigmoid = "deepseek_v3"}},
    {.gguf = "deepseek2-ocr",
     .hf = "DeepseekOCRForCausalLM DeepseekOCR2ForCausalLM UnlimitedOCRForCausalLM deepseek_ocr",
     .source = "src/models/deepseek2ocr.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.router_bias = RouterBias::if_sigmoid}},
     .graph = {.build = build_transformer},
     .config = {.read = read_deepseek2_ocr, .classes = deepseek2_ocr_classes}},
    {.gguf = "deepseek32",
     .hf = "DeepseekV32ForCausalLM deepseek_v32",
     .source = "src/models/deepseek32.cpp",
     .cache = {.memory = MemoryClass::dsa, .mla = true, .indexer = IndexerRule::all},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .indexer = IndexerBlock::tokens,
                 .experts = {.router_bias = RouterBias::always},
                 .nextn = {.own_head = true}},
     .graph = {.build = build_transformer, .attention = mix_indexed_latent},
     .config = {.read = latent_nextn, .classes = deepseek32_classes},
     .elsewhere = {.mlx_lm = {.latent = "deepseek_v32"}, .mlxcel = "deepseek_v32"}},
    {.gguf = "deepseek4",
     .hf = "DeepseekV4ForCausalLM deepseek_v4 deepseek_ref",
     .source = "src/models/deepseek4.cpp",
     .cache = {.memory = MemoryClass::dsv4,
               .window = required(all_layers()),
               .indexer = IndexerRule::all,
               .rollback = true},
     .tensors = {.attention = compressed,
                 .feed_forward = gated,
                 .norms = pre,
                 .nextn = {.own_head = true},
                 .layer = deepseek4_layer,
                 .output = deepseek4_output},
     .graph = {.build = build_deepseek4},
     .config = {.read = read_deepseek4, .classes = deepseek4_classes},
     .quantize = {.mxfp4_experts = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::deepseek{rows};

}  // namespace fitvram
