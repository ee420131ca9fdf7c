#pragma once
#include "llama/graph/builder.hpp"

namespace fitvram {

/// Sizes of a batch as recurrent blocks see it.
struct BatchShape {
  explicit BatchShape(const GraphBuilder& b) : seqs(b.n_seqs), each(b.n_tokens / b.n_seqs) {}
  std::uint64_t seqs, each;
};

/// Puts the last inputs before new ones, stores the last of these, and gives the whole row.
NodeId convolution_input(GraphBuilder& b, NodeId fresh, std::uint64_t kernel, std::uint64_t n);
NodeId convolve(GraphBuilder& b, NodeId in, const char* kernel, std::uint64_t n);

/// Stores the states that a delta net leaves behind its results.
void keep_states_of(GraphBuilder& b, NodeId net, NodeId cache, std::uint64_t dim,
                    std::uint64_t n_head);

NodeId mix_mamba2(GraphBuilder& b, NodeId x);

}  // namespace fitvram
