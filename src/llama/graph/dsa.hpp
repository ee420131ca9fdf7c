#pragma once
#include "llama/graph/builder.hpp"

namespace fitvram {

/// Latent attention over the cells that an indexer finds most relevant.
NodeId mix_indexed_latent(GraphBuilder& b, const GraphRule& rule, NodeId x);

}  // namespace fitvram
