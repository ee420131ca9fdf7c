#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "fitvram/estimate.hpp"
#include "ggml/arena.hpp"
#include "llama/graph/builder.hpp"

namespace fitvram {

/// The compute buffer of llama.cpp: one arena per backend for a batch of T = min(n_ctx, n_ubatch)
/// tokens. Where the architecture has a graph in its row of src/families and the tensors are
/// known, the graph is built and the allocator played through it, byte for byte on CPU and CUDA;
/// elsewhere a formula over the moments that decide (logits, feed-forward, attention, recurrence),
/// which may be far off: `by_formula`. The host's part is the inputs of the batch, embeddings and
/// masks, and what layers there compute. Tensors have the types of `weights`, their own where it
/// lists none.
Placement llama_cpp_compute(const ModelInfo& model, const Weights& weights,
                            const Workload& workload);

/// Whether `automatic` flash attention ends up on: the CUDA kernels take only some head sizes and
/// cache types (ggml-cuda/fattn.cu, v0.5.0), other backends take all, and it is given up where it
/// would run on another device than its layer. A quantized V cache forces it on.
bool flash_attention_resolved(const ModelInfo& model, const Workload& workload);

/// What one token of one attention layer is as wide as.
struct AttentionWidths {
  std::uint64_t n_head, d_k, d_v;  ///< per query head, as the graph sees them
  std::uint64_t k_row, v_row;      ///< per cell, as the cache holds them
  std::uint64_t n_kv;              ///< cells of one stream
  bool window;

  friend bool operator==(const AttentionWidths&, const AttentionWidths&) = default;
};

/// What the compute buffers depend on. Model, weights and workload must outlive it.
struct ComputeFacts {
  const ModelInfo& model;
  const Weights& weights;
  const Workload& workload;
  const Hparams& hp;
  ContextSize size;
  std::uint64_t n_tokens;
  std::vector<AttentionWidths> attention;  ///< of the layers, without repetitions in a row
  std::uint64_t kv_full = 0, kv_window = 0;
};
ComputeFacts compute_facts(const ModelInfo& model, const Weights& weights,
                           const Workload& workload);

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
Moment widest_moment(const ComputeFacts& facts, bool cuda);

/// The moments that stand in for a graph that is not known.
struct FormulaMoments {
  Moment device, host;
};
FormulaMoments formula_moments(const ComputeFacts& facts);

/// Whether the device may not run the graph in its own order, so that its figure is at least
/// widest_moment(facts, false).
bool is_reordered(const ComputeFacts& facts);

/// The buffers of the runtime's own graph, where its architecture's blocks are known, with the
/// graph itself and the weights that it reads.
std::optional<std::vector<ChunkPeak>> simulated_peaks(const ComputeFacts& facts, Graph& graph,
                                                      std::vector<ReadWeight>& read);

}  // namespace fitvram
