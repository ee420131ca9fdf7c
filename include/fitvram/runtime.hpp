#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/export.hpp"
#include "fitvram/memory.hpp"
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
  std::uint32_t n_tp = 1;       ///< tensor parallelism: cards that share every layer
  /// Share of the device's memory that the runtime may use, in millionths; unset = its default.
  std::optional<std::uint32_t> memory_utilization = {};
  std::string_view backend = "cuda";
  std::optional<Bytes> overhead = {};  ///< replaces the backend's assumed overhead

  friend bool operator==(const Workload&, const Workload&) = default;
};

/// Where a device's memory comes from and how its allocator rounds. A row of
/// src/pricing/backends.cpp.
struct Backend {
  std::string_view name;         ///< "cuda", "rocm", "vulkan", "metal", "cpu"
  std::uint32_t alignment;       ///< every tensor on the device is padded to this many bytes
  std::uint32_t host_alignment;  ///< the same for tensors that stay on the host
  std::uint32_t row_multiple;    ///< quantized rows are padded once per tensor to this many values
  bool device;                   ///< false: everything is host memory
  bool ggml_cuda;                ///< ggml-cuda's kernels and optimizer; HIP compiles them, too
  Bytes overhead;                ///< driver and libraries beyond the buffers, assumed
  std::string_view overhead_source;
};

/// The memory that a runtime finds; a mere amount of memory is one, too.
struct Device {
  Bytes vram;   ///< usable by programs, all cards together
  Bytes total;  ///< what the card or the machine has; equals `vram` when only that is known
  bool unified = false;  ///< shared with the host
  std::uint32_t count = 1;
  std::string name = {};  ///< read by defaults_of() alone; may be empty

  Device() = default;
  Device(Bytes bytes) : vram(bytes), total(bytes) {}  // NOLINT: an amount of memory is a device
};

/// What a runtime does when the user does not say.
struct Defaults {
  std::uint64_t n_ctx = 8192;  ///< 0 = as trained
  bool each_sequence = true;   ///< `n_ctx` is that of each sequence, not of all together
  std::uint32_t n_batch = 2048;
  std::uint32_t n_ubatch = 512;
  std::uint32_t n_seq = 1;
  std::uint32_t n_tp = 1;               ///< cards that share every layer
  const TensorType* type_kv = nullptr;  ///< of keys and values; nullptr = 16 bits

  friend bool operator==(const Defaults&, const Defaults&) = default;
};

/// Something that a runtime says of itself besides bytes: "GPU KV cache size", in tokens.
struct Answer {
  enum class Unit { tokens, bytes, hundredths, thousandths };
  std::string key;    ///< "kv_cache_tokens"
  std::string label;  ///< as the runtime words it
  std::uint64_t value = 0;
  Unit unit = Unit::tokens;
};

struct Rules;

/// A runtime is a row of policy, exported by its own folder of src/; each constant's source stands
/// beside it there. Rows live as long as the program; a user of the library takes them from
/// runtimes() and find_runtime() and makes none.
struct Runtime {
  std::string_view name;
  std::string_view title;
  std::string_view version;  ///< what the rules were read from
  std::string_view source;
  std::uint32_t cell_step;       ///< contexts are rounded up to this many cells
  std::string_view cache_types;  ///< space separated, as `list runtimes` prints them
  std::string_view about;        ///< one line: what it honours and what its defaults are
  SchemeFamily loads;            ///< unquantized weights are loaded by all
  const Rules* rules;            ///< how it prices a model; the library's own (src/pricing)
  /// The backends that it runs on, the usual one first, space separated.
  std::string_view backends = "cuda rocm vulkan metal cpu";
  /// Schemes to choose from when none is asked for, from most to fewest bits, space separated;
  /// empty: those that the table of schemes offers.
  std::string_view ladder = {};
};

/// All runtimes, llama.cpp first.
FITVRAM_EXPORT std::span<const Runtime> runtimes();
/// By `name` as it is spelled there ("llama.cpp", "vllm"); nullptr when unknown.
FITVRAM_EXPORT const Runtime* find_runtime(std::string_view name);
/// All backends, "cuda" first.
FITVRAM_EXPORT std::span<const Backend> backends();
/// By `name` as it is spelled there; nullptr when unknown.
FITVRAM_EXPORT const Backend* find_backend(std::string_view name);

/// What the runtime does with this model where the user does not say, on this device if one is
/// known.
FITVRAM_EXPORT Defaults defaults_of(const Runtime& runtime, const ModelInfo& model,
                                    const std::optional<Device>& device);

/// What the runtime says of itself once it runs the request in this memory; often nothing.
FITVRAM_EXPORT std::vector<Answer> answers_of(const Runtime& runtime, const ModelInfo& model,
                                              const Weights& weights, const Workload& workload,
                                              const Device& device);

/// The command line, quoted for a POSIX shell, that starts the runtime so, with weights of the
/// scheme `quant`; empty where there is none for this form of the model.
FITVRAM_EXPORT std::string launch_command(const Runtime& runtime, const ModelInfo& model,
                                          const std::string& quant, const Workload& workload);

/// The automatic reserve on a card of `vram` bytes: dense models keep max(V/3, 2 GiB); a model with
/// at least one window layer keeps min(dense, max(2 GiB, V/6) + prefill working set), because its
/// cache saturates. `windows_honoured` false: the runtime ignores them, so the model counts as
/// dense. Source: SharpInference, CudaForwardPass.cs KvVramReserveBytes @429b9df5.
FITVRAM_EXPORT Bytes automatic_reserve(const ModelInfo& model, Bytes vram,
                                       bool windows_honoured = true);

/// The reason the runtime would refuse this combination, if it would (cache type that does not
/// divide the head, quantized V without flash attention, unequal types for MLA ...).
FITVRAM_EXPORT std::optional<Error> refusal(const ModelInfo& model, const Workload& workload,
                                            const Runtime& runtime);

/// The reason the runtime would refuse weights of this scheme: their format. The hint names the
/// nearest scheme that it loads.
FITVRAM_EXPORT std::optional<Error> refusal(const ModelInfo& model, const Scheme& scheme,
                                            const Runtime& runtime);

/// The nearest scheme to one that the runtime does not load: nullptr where it has none.
FITVRAM_EXPORT const Scheme* nearest_loaded(const ModelInfo& model, const Scheme& scheme,
                                            const Runtime& runtime);

}  // namespace fitvram
