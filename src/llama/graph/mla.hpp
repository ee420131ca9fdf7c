#pragma once
#include "llama/graph/builder.hpp"

namespace fitvram {

/// Latent attention, absorbed where the cache holds the latent.
NodeId mix_latent(GraphBuilder& b, const GraphRule& rule, NodeId x);
/// Attention with the up-projections of keys and values absorbed into query and output.
NodeId attend_absorbed(GraphBuilder& b, NodeId q, NodeId x, bool ropes, NodeId top_k);

}  // namespace fitvram
