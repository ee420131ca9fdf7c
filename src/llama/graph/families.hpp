#pragma once
#include <string_view>

#include "llama/graph/builder.hpp"

namespace fitvram {

/// Which layers turn their queries and keys by position.
enum class Rope {
  all,
  windows,          ///< only window layers
  windows_or_lead,  ///< only window layers and the leading dense ones
  windows_if,       ///< only window layers, or all where there are none
  three_of_four,    ///< all but every fourth
  if_finetuned,     ///< all, unless rope.scaling.finetuned denies it (Granite)
  if_32_layers,     ///< all, in models of 32 layers (Baichuan 7B; the 13B has none)
  none
};

/// Where the rows with an output are picked.
enum class Pick { last_layer, before_norm, after_norm, none };

/// Which sums have the residual as first operand, whose memory the sum then takes over.
enum class ResidualFirst { none, before_ffn, after_ffn, both };

/// Attention and feed-forward side by side, and the order their results are added in.
enum class Beside {
  none,
  residual_first,      ///< x + residual + attention, both from one norm
  attention_first,     ///< x + attention + residual, both from one norm
  attention_then_ffn,  ///< attention + x + residual, both from one norm
  own_norm,            ///< as residual_first, but the feed-forward has a norm of its own
  unless_normed        ///< from one norm where the feed-forward has none
};

enum class Gating { file, softmax, sigmoid, softmax_weight };

struct Family;
void build_transformer(GraphBuilder& b, const Family& family);

/// How an architecture composes the blocks of a graph: a row of src/llama/graph/families.cpp.
struct Family {
  std::string_view gguf;
  void (*build)(GraphBuilder& b, const Family& family) = build_transformer;
  /// What layers with a state do instead of attention; nullptr = no such layers.
  NodeId (*recurrent)(GraphBuilder& b, NodeId x) = nullptr;
  NodeId (*attention)(GraphBuilder& b, const Family& family, NodeId x) = nullptr;
  bool layer_norm = false;
  bool scaled_embd = false;
  bool embd_scaled_if_stated = false;  ///< by embedding_scale, if the file has it
  Beside beside = Beside::none;
  bool bare_norms = false;  ///< norms without weights
  bool learned_positions = false;
  bool embd_norm = false;  ///< the embedding is normed
  ResidualFirst residual_first = ResidualFirst::none;
  bool post_is_ffn_norm = false;  ///< post_attention_norm stands before the feed-forward block
  Pick pick = Pick::last_layer;
  bool expand_norm = false;      ///< the norm is computed before anything else of its layer
  bool single = false;           ///< a layer is one block: state, attention or feed-forward
  bool uncached = false;         ///< attention within the batch (encoders, diffusion)
  bool head_scaled = false;      ///< the normed result is scaled ahead of the output
  bool headless = false;         ///< the result is the embedding, not logits
  bool norm_after_rope = false;  ///< queries and keys are normed after rope
  bool ffn_and_experts = false;  ///< a dense feed-forward block and experts side by side (Arctic)
  bool dense_beside = false;     ///< the same, added to the experts' result and scaled (Grok)
  bool chunks = false;           ///< experts are followed by experts of their groups (GroveMoE)
  bool precise_down = false;     ///< the last expert matrices need f32, which CUDA lacks
  bool embd_skips = false;       ///< each block adds the scaled embedding (Talkie)
  bool router_ahead = false;     ///< experts are chosen by the input of the layer
  bool q_scaled = false;         ///< queries are scaled by an operation of their own
  bool attn_scaled = false;      ///< layers without rope scale queries by position (Llama 4)
  Rope rope = Rope::all;
  bool flat_qkv = false;    ///< queries, keys and values are computed whole, then cut into heads
  bool plain_rope = false;  ///< factors of the file are not used
  int caps = 0;             ///< operations on the logits
  Gating gating = Gating::softmax;
  int norm_weights = -1;  ///< of experts; -1 = as the file says
  bool soft_cap = false;  ///< of attention scores
  Act act = Act::split;
  int pos = 1;                  ///< positions per token
  bool clamps = false;          ///< Q, K and V are bounded where the file says so
  bool axes_if_listed = false;  ///< which the file says by rope.dimension_sections; else one
};

/// nullptr: the architecture's graph is not restated here.
const Family* find_family(std::string_view gguf);

/// The sizes of the current block's attention, by its cache; without queries, keys and values.
Attention attention_of(const GraphBuilder& b);
/// Queries, keys and values of an attention layer, normed and turned.
Attention projected(GraphBuilder& b, const Family& family, NodeId x);

void build_deepseek4(GraphBuilder& b, const Family& family);
void build_gemma3n(GraphBuilder& b, const Family& family);
void build_gemma4(GraphBuilder& b, const Family& family);
void build_hy_v4(GraphBuilder& b, const Family& family);

/// Attention with the up-projections of keys and values absorbed into query and output.
NodeId attend_absorbed(GraphBuilder& b, NodeId q, NodeId x, bool ropes, NodeId top_k);
/// The result of attention times the sigmoid of a gate, one per head or per value.
NodeId gated_heads(GraphBuilder& b, NodeId y, NodeId x, std::uint64_t n_head);

NodeId mix_attention(GraphBuilder& b, const Family& family, NodeId x);
NodeId mix_block_sparse(GraphBuilder& b, const Family& family, NodeId x);
NodeId mix_gated_attention(GraphBuilder& b, const Family& family, NodeId x);
NodeId mix_indexed_latent(GraphBuilder& b, const Family& family, NodeId x);
NodeId mix_latent(GraphBuilder& b, const Family& family, NodeId x);
NodeId mix_mamba1(GraphBuilder& b, NodeId x);
NodeId mix_mamba2(GraphBuilder& b, NodeId x);
NodeId mix_short_conv(GraphBuilder& b, NodeId x);
NodeId mix_delta_net(GraphBuilder& b, NodeId x);
NodeId mix_kda(GraphBuilder& b, NodeId x);
/// Whether the weights of experts are normed and scaled, as the file says.
Moe stated_experts(const Hparams& hp);
/// The feed-forward block or the experts of a layer; `logits` = of a router that ran before.
NodeId ffn_block(GraphBuilder& b, const Family& family, NodeId x, NodeId logits = no_node);
NodeId mix_plamo2(GraphBuilder& b, NodeId x);
void build_bert(GraphBuilder& b, const Family& family);
void build_chameleon(GraphBuilder& b, const Family& family);
void build_hrm_text(GraphBuilder& b, const Family& family);
void build_kimi_k3(GraphBuilder& b, const Family& family);
void build_minimax01(GraphBuilder& b, const Family& family);
void build_rwkv6(GraphBuilder& b, const Family& family);
void build_rwkv7(GraphBuilder& b, const Family& family);
void build_t5(GraphBuilder& b, const Family& family);
void build_t5_encoder(GraphBuilder& b, const Family& family);

}  // namespace fitvram
