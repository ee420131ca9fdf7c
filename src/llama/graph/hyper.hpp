#pragma once
#include <string_view>

#include "llama/graph/builder.hpp"

namespace fitvram {

/// Hyper connections: several residual streams, added up before a block and fed by its result after
/// it, with weights computed from the streams (src/models/deepseek4.cpp and hy-v4.cpp, v0.5.0).
class Hyper {
 public:
  /// `mixed`: the streams are also mixed with each other, by operations of their own (DeepSeek-V4).
  Hyper(GraphBuilder& builder, bool mixed);

  NodeId start(NodeId x);
  /// The input of the block "attn" or "ffn".
  NodeId into(NodeId streams, std::string_view block);
  /// The streams after the block that `into` began.
  NodeId out_of(NodeId x, NodeId residual);
  void expand_gates();
  /// The rows with an output, as one stream.
  NodeId end(NodeId streams);

 private:
  GraphBuilder& b_;
  bool mixed_;
  std::uint64_t n_;
  NodeId post_ = no_node, comb_ = no_node;
};

}  // namespace fitvram
