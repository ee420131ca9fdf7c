#pragma once
#include "fitvram/estimate.hpp"

namespace fitvram {

/// The compute buffer of llama.cpp: one arena per backend for a batch of T = min(n_ctx, n_ubatch)
/// tokens. Where the architecture has a row in src/llama/graph/families.cpp and the tensors are
/// known, the graph is built and the allocator played through it, byte for byte on CPU and CUDA;
/// elsewhere a formula over the moments that decide (logits, feed-forward, attention, recurrence),
/// which may be far off: `by_formula`. The host's part is the inputs of the batch, embeddings and
/// masks, and what layers there compute.
Placement llama_cpp_compute(const ModelInfo& model, const Workload& workload);

/// Its arithmetic: what is alive when each buffer is as large as it gets. `model` as there.
struct ComputeSteps {
  Step device, host;
};
ComputeSteps explain_compute(const ModelInfo& model, const Workload& workload);

/// Whether `automatic` flash attention ends up on: the CUDA kernels take only some head sizes and
/// cache types (ggml-cuda/fattn.cu, v0.5.0), other backends take all, and it is given up where it
/// would run on another device than its layer. A quantized V cache forces it on.
bool flash_attention_resolved(const ModelInfo& model, const Workload& workload);

}  // namespace fitvram
