#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// The compute buffer of llama.cpp: one arena per backend, sized for the worst moment of a batch of
/// T = min(n_ctx, n_ubatch) tokens. A formula over the moments that decide (logits, feed-forward,
/// attention, recurrence), not a run of the allocator: figures from it are `derived`. Parts of the
/// graph it was read from: src/llama-graph.cpp and src/models/, v0.5.0.
Bytes llama_cpp_device_compute(const ModelInfo& model, const Workload& workload);

/// The host's part: input embeddings of the batch and the masks; everything when there is no device
/// or when some layers stay on the host.
Bytes llama_cpp_host_compute(const ModelInfo& model, const Workload& workload);

/// Whether `automatic` flash attention ends up on: the CUDA kernels take only some head sizes and
/// cache types (ggml-cuda/fattn.cu, v0.5.0); other backends take all. A quantized V cache forces it on.
bool flash_attention_resolved(const ModelInfo& model, const Workload& workload);

}  // namespace fitvram
