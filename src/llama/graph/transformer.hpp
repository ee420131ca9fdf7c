#pragma once
#include "llama/graph/builder.hpp"

namespace fitvram {

/// The graph of a transformer, or of layers with a state in its place, as a rule composes it.
void build_transformer(GraphBuilder& b, const GraphRule& rule);

/// The sizes of the current block's attention, by its cache; without queries, keys and values.
Attention attention_of(const GraphBuilder& b);
/// Queries, keys and values of an attention layer, normed and turned.
Attention projected(GraphBuilder& b, const GraphRule& rule, NodeId x);
/// `n` heads of width `d`, normed where the block has the norm: one a head, or over all.
NodeId head_norm(GraphBuilder& b, NodeId flat, const char* name, std::uint64_t d, std::uint64_t n);
/// The result of attention times the sigmoid of a gate, one per head or per value.
NodeId gated_heads(GraphBuilder& b, NodeId y, NodeId x, std::uint64_t n_head);
NodeId mix_attention(GraphBuilder& b, const GraphRule& rule, NodeId x);

/// Whether the weights of experts are normed and scaled, as the file says.
Moe stated_experts(const Hparams& hp);
/// The feed-forward block or the experts of a layer; `logits` = of a router that ran before.
NodeId ffn_block(GraphBuilder& b, const GraphRule& rule, NodeId x, NodeId logits = no_node);

}  // namespace fitvram
