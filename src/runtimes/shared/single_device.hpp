#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/estimate.hpp"

namespace fitvram {

// Rules of runtimes that load a whole checkpoint on one device.

/// Every tensor of the blocks that run, as stored.
Placement whole_weights(const ModelInfo& model, const Weights& weights, const Workload& workload);

/// The busiest moment of a chunk of `n_tokens` in 16-bit values: a layer's input, residual and
/// output with its feed-forward or queries, keys and values, and the logits of one token. Derived
/// from the shapes, not from the runtime's source.
Bytes chunk_workspace(const ModelInfo& model, std::uint64_t n_tokens, std::uint64_t n_seq);

Step explain_chunk_workspace(const ModelInfo& model, std::uint64_t n_tokens, std::uint64_t n_seq);

/// The words by which configs call the model, which must outlive them: its model_type, with and
/// without "_text", or, where none is stated, all that stand for its architecture.
std::vector<std::string_view> family_words(const ModelInfo& model);
std::vector<std::string_view> family_words(const ModelInfo&&) = delete;

}  // namespace fitvram
