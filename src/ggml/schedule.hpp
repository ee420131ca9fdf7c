#pragma once
#include <vector>

#include "ggml/graph.hpp"
#include "ggml/machine.hpp"

namespace fitvram {

/// One entry of the graph that the allocator walks.
struct Scheduled {
  NodeId node;
  Place place;
};

/// Assigns the graph's operations to device and host, inserts copies of what crosses over, and
/// returns the order of execution. Leafs get their place, copies become nodes of the graph.
std::vector<Scheduled> schedule(Graph& graph, const Machine& machine);

}  // namespace fitvram
