#pragma once
#include <string_view>

#include "graph_builder.hpp"

namespace fitvram {

/// Which layers turn their queries and keys by position.
enum class Rope {
  all,
  windows,       ///< only window layers
  windows_if,    ///< only window layers, or all where there are none
  three_of_four, ///< all but every fourth
  none
};

enum class Gating { file, softmax, sigmoid, softmax_weight };

/// How an architecture composes the blocks of a graph: a row of src/graph_families.cpp.
/// Thrown by a builder that meets a model its family does not describe.
struct Unbuilt {};

struct Family {
  std::string_view gguf;
  void (*build)(GraphBuilder& b, const Family& family);
  bool layer_norm = false;
  bool scaled_embd = false;
  bool parallel = false;        ///< feed-forward beside attention, from the same norm
  bool residual_first = false;  ///< residual + x rather than x + residual, after the feed-forward
  bool post_is_ffn_norm = false;///< post_attention_norm stands before the feed-forward block
  bool pick_late = false;       ///< rows with an output are picked after the last layer
  bool q_scaled = false;        ///< queries are scaled by an operation of their own
  bool attn_scaled = false;     ///< layers without rope scale queries by position (Llama 4)
  Rope rope = Rope::all;
  int caps = 0;                 ///< operations on the logits
  Gating gating = Gating::softmax;
  int norm_weights = -1;        ///< of experts; -1 = as the file says
  bool soft_cap = false;        ///< of attention scores
  Act act = Act::split;
  int pos = 1;                  ///< positions per token
};

/// nullptr: the architecture's graph is not restated here.
const Family* find_family(std::string_view gguf);

void build_transformer(GraphBuilder& b, const Family& family);

}  // namespace fitvram
