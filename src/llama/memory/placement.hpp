#pragma once
#include <cstdint>
#include <string_view>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// Which device holds which layer, and how much its allocator takes for a tensor.
class Devices {
 public:
  Devices(const ModelInfo& model, const Workload& workload);

  const Backend& backend() const { return *backend_; }

  /// True when block `layer` is on the GPU; layer == number of blocks asks for the output layer.
  /// -ngl N counts from the end and the output layer as one (src/llama-model.cpp, v0.5.0).
  bool holds_layer(std::size_t layer) const { return backend_->device && layer >= first_; }

  /// Blocks on the GPU, the output layer included.
  std::uint64_t layers_on_device() const;

  /// Whether the loader puts a tensor on the GPU. Of the two that it may load for several places,
  /// this is the input's copy of the embedding and the first block's of rope_freqs.
  bool holds(const ModelInfo& model, const Tensor& tensor) const {
    if (tensor.layer >= 0 && tensor.role != TensorRole::recurrent)
      return holds_layer(static_cast<std::size_t>(tensor.layer));
    return holds_special(model, tensor);
  }

  /// Whether the copy lies on the GPU that `reader` reads, a block or the output layer: a tied head
  /// is one of the embedding, and every device with blocks has its rotation factors.
  bool holds_for(const ModelInfo& model, const Tensor& tensor, std::size_t reader) const;

  /// Bytes a buffer takes for one tensor of `rows` rows of `ne0` values: the CUDA backend adds,
  /// once per tensor, what completes a quantized row to 512 values; every tensor is then padded to
  /// the buffer's alignment (ggml-cuda.cu get_alloc_size, ggml-alloc.c, v0.5.0).
  Bytes allocated(std::uint64_t ne0, std::uint64_t rows, const TensorType& type, bool device) const;

 private:
  bool holds_special(const ModelInfo& model, const Tensor& tensor) const;

  const Backend* backend_;
  std::uint64_t n_block_;
  std::uint64_t first_;
};

/// Whether the device runs ggml-cuda's code.
bool runs_ggml_cuda(const Workload& workload);

/// Whether CUDA has the kernel that a scan with this `ssm_a`, or a convolution with this kernel,
/// needs; the weight stays on the host otherwise (llama-model-loader.cpp, select_weight_buft;
/// ggml-cuda.cu, supports_op, v0.5.0).
bool cuda_scans(const Hparams& hp, std::uint64_t ne0, std::uint64_t ne1);
bool cuda_convolves(std::uint64_t n_channel);

/// gemma3n and gemma4 create the output before the embedding, so a tied head is loaded twice even
/// on one device (src/models/gemma3n.cpp, gemma4.cpp).
bool loads_tied_output_twice(const ModelInfo& model);

/// Whether a file without an output gets one made of its embedding.
bool ties_output(const ModelInfo& model);

/// Whether a file without an input embedding gets one made of its output, which lies beside it
/// (src/models/codeshell.cpp).
bool makes_input_of_output(const ModelInfo& model);

/// Whether a tensor outside the blocks goes with the output layer. By name it cannot always be
/// told: LFM2 calls its final norm token_embd_norm (src/llama-arch.cpp, OUTPUT_NORM_LFM2).
bool belongs_to_output(const ModelInfo& model, const Tensor& tensor);

/// Whether a layer needs its device's copy of rope_freqs: all but Gemma 4's window layers.
bool layer_uses_rope_factors(const ModelInfo& model, std::size_t layer);

}  // namespace fitvram
