#include <algorithm>
#include <array>

#include "compute.hpp"
#include "fitvram/runtime.hpp"
#include "llama_cpp.hpp"

namespace fitvram {

namespace {

// Alignments and the 512-value row: ggml-cuda.cu, ggml-metal.cpp get_alignment and get_alloc_size;
// Vulkan's is the device's minStorageBufferOffsetAlignment (16 on the NVIDIA cards seen), all
// v0.5.0. Overheads are what the driver showed in use beyond llama.cpp's own buffers, on cards that
// were otherwise idle or whose use before was taken off: the most that was seen, rounded up. They
// vary with the card, the driver and the build, and larger cards were not among them.
constexpr std::array backend_table{
    Backend{
        "cuda", 128, 32, 512, true, Bytes{160 * MiB.count},
        "nvidia-smi minus buffers: 117 MiB on a GTX 1660 SUPER, 128-147 MiB on RTX 3060 (1 and 2 "
        "cards), 154 MiB on a card of 8 GB"},
    Backend{"vulkan", 16, 64, 1, true, Bytes{224 * MiB.count},
            "memory in use minus buffers: 5 MiB on an RTX 3060 Laptop and 30-32 MiB on an RTX 3090 "
            "after loading, 81 and 152-223 MiB at the peak of a run"},
    Backend{"metal", 32, 32, 1, true, Bytes{64 * MiB.count}, "not measured"},
    Backend{"cpu", 32, 32, 1, false, Bytes{}, "nothing beyond the buffers"},
};

bool loads_gguf(SchemeFamily family) { return family == SchemeFamily::gguf; }

constexpr Rules llama_cpp_rules{llama_cpp_honours_window, llama_cpp_weights,
                                llama_cpp_context,        llama_cpp_compute,
                                llama_cpp_overhead,       whole_device,
                                window_reserve,           llama_cpp_refusal,
                                llama_cpp_defaults,       nullptr};

constexpr std::array runtime_table{
    Runtime{"llama.cpp", "llama.cpp", "v0.5.0",
            "github.com/ggml-org/llama.cpp de3ff815 (2026-09-28): src/llama-context.cpp, "
            "src/llama-kv-cache*.cpp, src/llama-memory-*.cpp, src/llama-model.cpp",
            256, "f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl",
            "contexts in 256-token steps; windows of the architectures its loader knows, kept as "
            "window + ubatch cells; MLA as one latent row; recurrent state in f32",
            loads_gguf, llama_cpp_rules},
};

Error refuse(std::string message, std::string hint) {
  return Error{ErrorCode::unsupported, "", std::move(message), std::move(hint)};
}

// The smallest that spends half a bit more than the packed values do: what its scales take.
const Scheme* nearest_loaded(const Scheme& scheme, const Runtime& runtime) {
  const std::uint32_t packed =
      scheme.packings.empty() ? scheme.millibits : scheme.packings.front().millibits;
  const Scheme* nearest = nullptr;
  for (const Scheme& other : schemes()) {
    if (!other.ladder || !runtime.loads(other.family)) continue;
    if (nearest == nullptr || other.millibits >= packed + 500) nearest = &other;
  }
  return nearest;
}

const char* files_of(SchemeFamily family) {
  switch (family) {
    case SchemeFamily::gguf:
      return "GGUF files";
    case SchemeFamily::safetensors:
      return "safetensors checkpoints";
    case SchemeFamily::mlx:
      return "MLX checkpoints";
    case SchemeFamily::exl:
      return "exllama checkpoints";
  }
  return "";
}

}  // namespace

std::span<const Runtime> runtimes() { return runtime_table; }

const Runtime* find_runtime(std::string_view name) {
  for (const auto& row : runtime_table)
    if (row.name == name) return &row;
  return nullptr;
}

std::span<const Backend> backends() { return backend_table; }

const Backend* find_backend(std::string_view name) {
  for (const auto& row : backend_table)
    if (row.name == name) return &row;
  return nullptr;
}

std::optional<Error> refusal(const ModelInfo& model, const Workload& workload,
                             const Runtime& runtime) {
  return runtime.rules.refusal(model, workload);
}

std::optional<Error> refusal(const Scheme& scheme, const Runtime& runtime) {
  if (runtime.loads(scheme.family)) return std::nullopt;
  const Scheme* nearest = nearest_loaded(scheme, runtime);
  return refuse(
      std::string(runtime.title) + " does not load " + files_of(scheme.family) + " (" +
          std::string(scheme.name) + ")",
      nearest == nullptr ? "" : "the nearest that it loads is -q " + std::string(nearest->name));
}

}  // namespace fitvram
