#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "fitvram/estimate.hpp"
#include "ggml/arena.hpp"
#include "llama/compute.hpp"
#include "llama/graph/builder.hpp"

namespace fitvram {

/// What one token of one attention layer is as wide as.
struct AttentionWidths {
  std::uint64_t n_head, d_k, d_v;  ///< per query head, as the graph sees them
  std::uint64_t k_row, v_row;      ///< per cell, as the cache holds them
  std::uint64_t n_kv;              ///< cells of one stream
  bool window;

  friend bool operator==(const AttentionWidths&, const AttentionWidths&) = default;
};

/// What the compute buffers depend on. Model and workload must outlive it.
struct Facts {
  const ModelInfo& model;
  const Workload& workload;
  const Hparams& hp;
  ContextSize size;
  std::uint64_t n_tokens;
  std::vector<AttentionWidths> attention;  ///< of the layers, without repetitions in a row
  std::uint64_t kv_full = 0, kv_window = 0;
};
Facts facts_of(const ModelInfo& model, const Workload& workload);

/// Whether flash attention is on, and whether the device has its kernel.
bool flash(const Facts& facts);
bool flash_on_device(const Facts& facts);

/// What is alive at one moment by the formula that stands in where no graph is known.
struct Moment {
  struct Values {
    std::uint64_t rows = 0, width = 0;  ///< of 32-bit floats
  };
  const char* what = "";
  Values values = {}, scores = {};
  struct Masks {
    std::uint64_t value_bytes = 0, n_tokens = 0, n_cells = 0;
  } masks = {};
  Bytes converted = {};  ///< 16-bit copies of a cache that the kernels cannot read

  Bytes bytes() const;
};
Moment widest_moment(const Facts& facts, bool cuda);
/// Of the host where all blocks are on the device.
Moment inputs_moment(const Facts& facts);

/// The moments that stand in for a graph that is not known.
struct FormulaMoments {
  Moment device, host;
};
FormulaMoments formula_moments(const Facts& facts);

/// Whether the device may not run the graph in its own order, so that its figure is at least
/// widest_moment(facts, false).
bool is_reordered(const Facts& facts);

/// The buffers of the runtime's own graph, where its architecture's blocks are known, with the
/// graph itself and the weights that it reads.
std::optional<std::vector<ChunkPeak>> simulated_peaks(const Facts& facts, Graph& graph,
                                                      std::vector<ReadWeight>& read);

}  // namespace fitvram
