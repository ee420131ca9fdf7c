#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Bytes of the weights on all `n_tp` cards together when every layer is shared between them, as
/// vLLM and SGLang do it: projections are split by heads or by rows, embeddings by vocabulary;
/// padded to 64 rows unless `padded` is false; norms, routers, the latent projections of MLA and a
/// sparse indexer are on every card. Next-token-prediction layers stay out; vision and audio towers
/// are loaded with the text model. Source:
/// vllm/model_executor/layers/{linear,vocab_parallel_embedding}.py, models/deepseek_v2.py.
Bytes sharded_weights(const ModelInfo& model, const Weights& weights, std::uint32_t n_tp,
                      bool padded = true);

/// Bytes of `values` numbers of a state on one of `n_tp` cards.
Bytes split_state(std::uint64_t values, std::uint64_t bytes_each, std::uint32_t n_tp);

/// The table of rotations that every rope layer reads: positions * rotated values * 2 bytes, one
/// for each frequency base, on every card. Source: layers/rotary_embedding/base.py.
Bytes rope_tables(const ModelInfo& model, std::uint32_t n_tp);

/// The rule of vLLM and SGLang for the model's bytes: its weights and tables of rotations.
Placement weights_on_cards(const ModelInfo& model, const Weights& weights,
                           const Workload& workload);

}  // namespace fitvram
