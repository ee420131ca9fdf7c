#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fitvram/error.hpp"
#include "fitvram/model.hpp"
#include "fitvram/quantize.hpp"

namespace fitvram {

enum class FlashAttention { automatic, on, off };

/// What the user asks of the model. The defaults are llama-server's with one slot.
struct Workload {
  std::uint64_t n_ctx = 8192;          ///< tokens over all sequences, as llama.cpp's -c
  std::uint32_t n_seq = 1;             ///< -np: sequences (slots)
  bool kv_unified = false;             ///< -kvu: one cache shared by the sequences
  std::uint32_t n_batch = 2048;        ///< -b, tokens
  std::uint32_t n_ubatch = 512;        ///< -ub, tokens
  const TensorType* type_k = nullptr;  ///< -ctk; nullptr = f16
  const TensorType* type_v = nullptr;  ///< -ctv; nullptr = f16
  FlashAttention flash_attn = FlashAttention::automatic;
  bool swa_full = false;                    ///< --swa-full
  bool offload_kqv = true;                  ///< false: --no-kv-offload
  std::uint32_t n_gpu_layers = UINT32_MAX;  ///< -ngl; counts the output layer; clamped to all
  std::uint32_t n_rs_seq = 0;               ///< recurrent-state snapshots for speculative decoding
  std::uint32_t n_outputs = 1;  ///< logits rows per batch; server: its slots; 0 = n_batch
  std::string_view backend = "cuda";
  std::optional<Bytes> overhead;  ///< replaces the backend's assumed overhead
};

/// Where a device's memory comes from and how its allocator rounds. A row of src/runtimes.cpp.
struct Backend {
  std::string_view name;         ///< "cuda", "vulkan", "metal", "cpu"
  std::uint32_t alignment;       ///< every tensor on the device is padded to this many bytes
  std::uint32_t host_alignment;  ///< the same for tensors that stay on the host
  std::uint32_t row_multiple;    ///< quantized rows are padded once per tensor to this many values
  bool device;                   ///< false: everything is host memory
  Bytes overhead;                ///< driver and libraries beyond the buffers, assumed
  std::string_view overhead_source;
};

/// A runtime is a row of policy; each constant's source stands beside it in src/runtimes.cpp.
struct Runtime {
  std::string_view name;
  std::string_view title;
  std::string_view version;  ///< what the rules were read from
  std::string_view source;
  std::uint32_t cell_step;   ///< contexts are rounded up to this many cells
  bool window_holds_ubatch;  ///< a window cache holds window + n_ubatch cells
  bool (*honours_window)(const ModelInfo& model);
  Bytes (*device_compute)(const ModelInfo& model, const Workload& workload);
  Bytes (*host_compute)(const ModelInfo& model, const Workload& workload);
  std::string_view cache_types;  ///< space separated, as `list runtimes` prints them
  std::string_view about;        ///< one line: what it honours and what its defaults are
  bool (*loads)(SchemeFamily family);
};

std::span<const Runtime> runtimes();
const Runtime* find_runtime(std::string_view name);
std::span<const Backend> backends();
const Backend* find_backend(std::string_view name);

/// The reason the runtime would refuse this combination, if it would (cache type that does not
/// divide the head, quantized V without flash attention, unequal types for MLA ...).
std::optional<Error> refusal(const ModelInfo& model, const Workload& workload,
                             const Runtime& runtime);

/// The reason the runtime would refuse weights of this scheme: their format. The hint names the
/// nearest scheme that it loads.
std::optional<Error> refusal(const Scheme& scheme, const Runtime& runtime);

}  // namespace fitvram
