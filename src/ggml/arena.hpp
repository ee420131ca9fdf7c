#pragma once
#include <cstdint>
#include <vector>

#include "ggml/graph.hpp"
#include "ggml/machine.hpp"

namespace fitvram {

struct ArenaBytes {
  std::uint64_t device = 0;
  std::uint64_t host = 0;
  bool repeats = true;  ///< Graph::repeats holds, so that blocks left out change nothing
};

/// The compute buffers a graph needs: assigns every operation to the device or the host, copies
/// what crosses over, and plays the allocator through the result. The rules are those of
/// ggml-backend.cpp (ggml_backend_sched_split_graph) and ggml-alloc.c, v0.5.0. Changes the graph.
ArenaBytes arena_bytes(Graph& graph, const Machine& machine);

/// What a buffer held when it last grew.
struct ChunkPeak {
  struct Alive {
    NodeId node;
    std::uint64_t bytes;  ///< as allocated
  };
  Place place = Place::none;
  std::uint64_t bytes = 0;    ///< of the buffer: what is alive, and the gaps between
  NodeId grown_by = no_node;  ///< what was allocated then
  std::vector<Alive> alive;
};

struct ArenaPeaks {
  std::vector<ChunkPeak> chunks;
  bool repeats = true;
};

/// arena_bytes, told by its buffers: those of a place sum up to its figure. Changes the graph.
ArenaPeaks arena_peaks(Graph& graph, const Machine& machine);

}  // namespace fitvram
