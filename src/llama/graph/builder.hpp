#pragma once
#include <algorithm>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "families/family.hpp"
#include "fitvram/estimate.hpp"
#include "ggml/graph.hpp"
#include "llama/graph/block_plan.hpp"
#include "llama/memory/cells.hpp"
#include "llama/memory/placement.hpp"

namespace fitvram {

/// Inputs of attention over one cache: where new entries go, and who sees whom.
struct AttentionInput {
  NodeId k_idxs = no_node, v_idxs = no_node, mask = no_node;
  NodeId k_rot = no_node, v_rot = no_node;  ///< rotations of quantized caches
  std::uint64_t n_kv = 0;                   ///< cells of one stream
};

struct Qkv {
  NodeId q, k, v;
};

/// One attention call.
struct Attention {
  Qkv qkv{};  ///< [dim, heads, tokens] each; k or v absent: nothing is stored
  std::uint64_t n_head = 0, n_head_kv = 0, d_k = 0, d_v = 0;
  std::size_t cache_layer = 0;  ///< whose cache is read
  bool latent = false;          ///< the cached K is V as well
  bool soft_cap = false;
  NodeId sinks = no_node;
  NodeId bias = no_node;   ///< added to the scores, which flash attention cannot
  NodeId v_mla = no_node;  ///< decompresses the latent result
  NodeId top_k = no_node;  ///< the only cells that are seen, chosen by an indexer
};

/// Rows that rotate heads of this width: the largest power of two that divides it, at least 64.
constexpr std::uint64_t rotation_size(std::uint64_t width) {
  return std::max(std::uint64_t{64}, width & (~width + 1));
}

struct Moe {
  std::string_view suffix = "exps";  ///< tensors "ffn_up_<suffix>.weight" ...
  Act act = Act::split;
  bool norm_weights = false, scale = false, sigmoid = false, softmax_weight = false;
  bool weight_before = false, sqrt_softplus = false;
  bool sigmoid_selects = false, precise_down = false;
  NodeId probs = no_node;  ///< router logits computed elsewhere
  NodeId selected = no_node;
};

struct ReadWeight {
  NodeId node;
  const Tensor* tensor;
};

/// How a graph is built.
struct Building {
  bool flash = true;              ///< with flash attention
  bool indexer_on_device = true;  ///< the device has a kernel for the indexer of these sizes
  bool probe = false;             ///< of one token per sequence rather than a prompt batch
  unsigned care = 0;              ///< how many blocks to build that may only repeat others
  /// The types that the weights are priced in; nullptr, or none listed: their own.
  const Weights* weights = nullptr;
  /// Gets the weights as they are read, in order of their nodes. nullptr: nobody asks.
  std::vector<ReadWeight>* read = nullptr;
};

/// Builds the graph of one prompt batch, with the vocabulary of llama.cpp's llm_graph_context
/// (src/llama-graph.cpp, v0.5.0). Weights are looked up by their GGUF names; an absent weight skips
/// the operation that needs it, as there. The graph is that of llama.cpp's dry run (no_alloc),
/// which forgets that a real run pins norms, and without flash attention the results of attention
/// over a cache on the host (ggml_backend_sched_reserve_size resets them).
class GraphBuilder {
 public:
  GraphBuilder(const ModelInfo& model, const Workload& workload, const Building& how, Graph& graph);
  /// Model and workload must outlive it.
  GraphBuilder(const ModelInfo&, Workload&&, const Building&, Graph&) = delete;

  Graph& g;
  const ModelInfo& model;
  const Workload& workload;
  const Hparams& hp;
  const Family* family;  ///< nullptr: not one of llama.cpp's
  Devices devices;
  ContextSize size;
  std::uint64_t n_tokens, n_seqs, n_outputs, n_embd;
  bool flash;            ///< flash attention is on
  bool v_is_transposed;  ///< V is stored transposed
  bool indexer_on_device;
  std::size_t layer = 0;  ///< the block being built
  bool last = false;      ///< it is the last one
  struct FlashCall {
    NodeId node;
    std::size_t layer;
  };
  std::vector<FlashCall> flash_calls;
  std::vector<std::size_t> plan;  ///< the blocks to build

  /// What follows belongs to this block.
  void enter(std::size_t block);

  /// A tensor of the current block, or of the model (`layer` = global); no_node when absent.
  NodeId weight(std::string_view name);
  NodeId global(std::string_view name);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  bool is_swa() const;
  bool is_swa(std::size_t i) const;

  Shape ne(NodeId id) const { return g[id].ne; }
  NodeId add(NodeId a, NodeId b) { return in_place(a, {a, b}); }
  NodeId mul(NodeId a, NodeId b) { return in_place(a, {a, b}); }
  NodeId unary(NodeId a) { return in_place(a, {a}); }
  NodeId in_place(NodeId like, std::initializer_list<NodeId> sources);
  NodeId other(Shape ne, std::initializer_list<NodeId> sources, Elem elem = f32_elem);
  NodeId mat(NodeId w, NodeId x);
  NodeId mat(std::string_view name, NodeId x) { return mat(weight(name), x); }
  NodeId mat_bias(std::string_view name, NodeId x);
  NodeId mat_id(NodeId w, NodeId x, NodeId ids);
  NodeId rows(NodeId table, NodeId ids);
  NodeId reshape(NodeId x, Shape ne) { return g.view(x, ne); }
  NodeId strided(NodeId x, Shape ne);
  NodeId cont(NodeId x) { return other(ne(x), {x}, g[x].elem); }
  NodeId rope(NodeId x);
  NodeId norm(NodeId x, std::string_view name);
  /// The norm ahead of the output, within the blocks.
  NodeId norm_of_output(NodeId x);
  NodeId scale(NodeId x) { return unary(x); }

  NodeId embed(bool scaled);
  NodeId positions(std::uint64_t per_token = 1);
  NodeId out_ids();
  NodeId pick(NodeId x) { return rows(x, out_ids()); }

  AttentionInput attention_input(bool window, bool latent = false);
  AttentionInput indexer_input(bool rotates);
  AttentionInput batch_input();
  Qkv qkv(NodeId x, std::uint64_t d_k, std::uint64_t d_v, std::uint64_t n_head,
          std::uint64_t n_head_kv);
  /// The same of so many values a token, not divided into heads.
  Qkv flat_qkv(NodeId x, std::uint64_t width_q, std::uint64_t width_k, std::uint64_t width_v);
  NodeId attend(const AttentionInput& input, const Attention& a);
  /// Without a cache: each token sees those of its batch.
  NodeId attend_batch(const AttentionInput& input, const Attention& a);
  /// Stores `k` and `v`, where present, in the caches of `a` and gives the cells
  /// [dim, heads, cells, streams], or transposed for V.
  struct Stored {
    NodeId k, v;
  };
  Stored store(const AttentionInput& in, const Attention& a, NodeId k, NodeId v);
  /// Attention of queries over cells [dim, heads, cells, streams]; V may be transposed.
  NodeId heads(Qkv of, NodeId mask, const Attention& a, bool transposed);
  /// The operation itself: q [dim, tokens, heads, streams], k and v [dim, cells, heads, streams].
  NodeId flash_attention(NodeId q, NodeId k, NodeId v, NodeId mask, const Attention& a);
  /// A mask that hides all cells but the chosen ones, which are shown by writing zeros of a type.
  NodeId seen_only(NodeId mask, NodeId top_k, Elem zero);
  NodeId hadamard(NodeId x, NodeId rot);
  /// Stores `fresh` in the indexer's cache of this block and gives that cache.
  NodeId index_cache(NodeId fresh);
  NodeId feed_forward(NodeId x, std::string_view up, std::string_view gate, std::string_view down,
                      Act act);
  NodeId experts(NodeId x, const Moe& moe);
  /// What activates the gate of a feed-forward block and joins it to the other half.
  NodeId gated(NodeId gate, NodeId up, Act act);
  /// Runs where the block lies, in the graphs that decide which fused operations are used.
  void pin(NodeId x);
  /// What the graph is for: it stays allocated to the end.
  void result(NodeId x);
  /// The last norm of a model whose result is the embedding.
  void finish(NodeId x, std::string_view norm_name);
  void head(NodeId x, int caps, bool pick_normed = false);
  /// The result of head() before it bounds or masks the logits; `x` is normed.
  NodeId logits(NodeId x, bool pick_normed = false);

  /// The rows of a state cache that this batch continues; `read` replaces the plain look-up.
  template <typename Read>
  NodeId state(NodeId cache, std::uint64_t width, Read read);
  NodeId state(NodeId cache, std::uint64_t width) {
    return state(cache, width, [this](NodeId states, NodeId ids) { return rows(states, ids); });
  }
  NodeId state_cache(CacheRole role);
  /// Stores `fresh` (one row a sequence) in a state cache.
  void keep_state(NodeId cache, NodeId fresh, std::uint64_t width, std::uint64_t n_slot = 1);
  std::uint64_t state_slots() const;  ///< snapshots a sequence keeps

  AttentionInput full, window;  ///< of the cache of full and of window layers
  AttentionInput indexer;       ///< of the cache that an indexer looks through
  NodeId relevant = no_node;    ///< the cells that the last indexer found most relevant
  struct Blocks {
    NodeId bias = no_node, pos_mask = no_node, pos_slot = no_node, cell_block = no_node,
           mask = no_node;
  };
  Blocks blocks;                 ///< inputs of attention over chosen blocks (MiniMax-M3)
  NodeId token_ids = no_node;    ///< ids of the batch
  NodeId deep_embd = no_node;    ///< the embedding at its full width (Qwen3-VL)
  bool windows = false;          ///< there are two caches
  NodeId by_position = no_node;  ///< factors of queries in layers without rope

  bool layer_norm = false;   ///< norms subtract the mean, and so cannot work in place
  bool head_scaled = false;  ///< the output works on a scaled embedding
  bool clamps = false;       ///< Q, K and V are bounded
  bool plain_rope = false;   ///< rope does not look for factors
  bool v_first = true;       ///< V is computed before K; not so with two caches

 private:
  const Tensor* find(std::string_view name) const;
  const TensorType* type_of(const Tensor& tensor) const;
  NodeId leaf_of(const Tensor& tensor, Place place);
  NodeId fused_qkv(NodeId x);
  void index_tensors();
  NodeId cache(std::size_t layer, bool value, const Attention& a, std::uint64_t n_kv);

  struct Named {
    std::string_view stem, suffix;  ///< "attn_q" and ".weight"
    const Tensor* tensor;
  };
  static Named named(const Tensor& tensor);
  const Tensor* find(std::string_view stem, std::string_view suffix) const;
  NodeId weight(std::string_view stem, std::string_view suffix);
  NodeId leaf_in_block(const Tensor* tensor);

  std::vector<std::vector<Named>> tensors_;  // of the planned blocks, by position in plan
  std::vector<Named> globals_;
  std::vector<Omission> omissions_;
  std::vector<std::size_t> planned_;  // block -> position in plan
  NodeId positions_ = no_node, out_ids_ = no_node;
  NodeId sequences_ = no_node, first_ = no_node, rest_ = no_node;
  struct Made {
    const Tensor* tensor;
    NodeId node;
  };
  std::vector<Made> made_globals_, made_in_block_;
  std::int32_t block_of_made_ = -1;
  bool pins_ = false;
  std::vector<ReadWeight>* read_ = nullptr;
  std::span<const TensorType* const> types_;  ///< of the model's tensors; empty: their own
};

/// Whether the device has a kernel for flash attention of these sizes with these cache types:
/// CUDA's takes only some (ggml-cuda/fattn.cu, v0.5.0), the other backends' take all.
bool flash_kernel_takes(const Workload& workload, std::uint64_t d_k, std::uint64_t d_v,
                        std::uint64_t n_gqa);

template <typename Read>
NodeId GraphBuilder::state(NodeId cache, std::uint64_t width, Read read) {
  if (sequences_ == no_node) {
    sequences_ = g.input({n_seqs, 1, 1, 1}, i32_elem);
    first_ = strided(sequences_, {n_seqs, 1, 1, 1});
    rest_ = strided(sequences_, {0, 1, 1, 1});
  }
  const NodeId states = reshape(cache, {width, ne(cache)[1], 1, 1});
  const NodeId zero = reshape(states, {width, 1, 1, 1});
  g.expand(g.write(zero, {zero}));
  const NodeId result = read(states, first_);
  g.expand(result);
  const NodeId target = strided(cache, {width, 0, 1, 1});
  g.expand(g.write(target, {rows(states, rest_), target}));
  return result;
}

}  // namespace fitvram
