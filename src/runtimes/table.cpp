#include <algorithm>
#include <array>

#include "base/refuse.hpp"
#include "fitvram/runtime.hpp"
#include "llama/compute.hpp"
#include "llama/rules.hpp"
#include "pricing/reserve.hpp"
#include "runtimes/exllamav3.hpp"
#include "runtimes/mlx_lm/rules.hpp"
#include "runtimes/mlxcel/rules.hpp"
#include "runtimes/ollama.hpp"
#include "runtimes/sglang.hpp"
#include "runtimes/shared/single_device.hpp"
#include "runtimes/shared/torch.hpp"
#include "runtimes/sharpinference/rules.hpp"
#include "runtimes/transformers.hpp"
#include "runtimes/vllm/rules.hpp"

namespace fitvram {

namespace {

// Alignments and the 512-value row: ggml-cuda.cu, ggml-metal.cpp get_alignment and get_alloc_size;
// Vulkan's is the device's minStorageBufferOffsetAlignment (16 on the NVIDIA cards seen), all
// v0.5.0. Overheads are what the driver showed in use beyond llama.cpp's own buffers, on cards that
// were otherwise idle or whose use before was taken off: the most that was seen, rounded up. They
// vary with the card, the driver and the build, and larger cards were not among them.
// ggml-hip/CMakeLists.txt compiles ggml-cuda's sources. What they decide otherwise under
// GGML_USE_HIP (no sparse attention gather, no sort of more than 1024 values, kernels without
// NVIDIA's matrix instructions) changes no buffer: at most 1024 experts are sorted, and every
// kernel that a prompt can get takes its keys and values in 16 bits.
constexpr std::array backend_table{
    Backend{
        "cuda", 128, 32, 512, true, true, Bytes{160 * MiB.count},
        "nvidia-smi minus buffers: 117 MiB on a GTX 1660 SUPER, 128-147 MiB on RTX 3060 (1 and 2 "
        "cards), 154 MiB on a card of 8 GB"},
    Backend{"vulkan", 16, 64, 1, true, false, Bytes{224 * MiB.count},
            "memory in use minus buffers: 5 MiB on an RTX 3060 Laptop and 30-32 MiB on an RTX 3090 "
            "after loading, 81 and 152-223 MiB at the peak of a run"},
    Backend{"rocm", 128, 32, 512, true, true, Bytes{160 * MiB.count}, "not measured: CUDA's"},
    Backend{"metal", 32, 32, 1, true, false, Bytes{64 * MiB.count}, "not measured"},
    Backend{"cpu", 32, 32, 1, false, false, Bytes{}, "nothing beyond the buffers"},
};

bool loads_gguf(SchemeFamily family) { return family == SchemeFamily::gguf; }

constexpr Rules llama_cpp_rules{
    llama_cpp_honours_window, llama_cpp_weights, llama_cpp_context, llama_cpp_compute,
    llama_cpp_overhead,       whole_device,      window_reserve,    llama_cpp_refusal,
    llama_cpp_defaults,       nullptr,           llama_cpp_launch,  llama_cpp_explain};

constexpr Rules vllm_rules{vllm_honours_window, vllm_weights, vllm_context, vllm_compute,
                           vllm_overhead,       vllm_budget,  no_reserve,   vllm_refusal,
                           vllm_defaults,       vllm_answers, vllm_launch,  vllm_explain};

constexpr Rules ollama_rules{
    llama_cpp_honours_window, llama_cpp_weights, ollama_context, ollama_compute,
    llama_cpp_overhead,       whole_device,      window_reserve, ollama_refusal,
    ollama_defaults,          nullptr,           ollama_launch,  ollama_explain};

constexpr Rules sglang_rules{sglang_honours_window, vllm_weights,   sglang_context, sglang_compute,
                             sglang_overhead,       sglang_budget,  no_reserve,     sglang_refusal,
                             sglang_defaults,       sglang_answers, sglang_launch,  sglang_explain};

constexpr Rules transformers_rules{transformers_honours_window,
                                   transformers_weights,
                                   transformers_context,
                                   transformers_compute,
                                   transformers_overhead,
                                   whole_device,
                                   no_reserve,
                                   transformers_refusal,
                                   transformers_defaults,
                                   nullptr,
                                   nullptr,
                                   transformers_explain};

bool loads_safetensors(SchemeFamily family) { return family == SchemeFamily::safetensors; }

constexpr Rules sharpinference_rules{sharpinference_honours_window,
                                     sharpinference_weights,
                                     sharpinference_context,
                                     sharpinference_compute,
                                     sharpinference_overhead,
                                     whole_device,
                                     sharpinference_reserve,
                                     sharpinference_refusal,
                                     sharpinference_defaults,
                                     sharpinference_answers,
                                     nullptr,
                                     sharpinference_explain,
                                     sharpinference_resolve,
                                     sharpinference_own_n_ctx};

constexpr Rules mlxcel_rules{mlxcel_honours_window, whole_weights,  mlxcel_context, mlxcel_compute,
                             mlxcel_overhead,       mlxcel_budget,  no_reserve,     mlxcel_refusal,
                             mlxcel_defaults,       mlxcel_answers, nullptr,        mlxcel_explain};

constexpr Rules mlx_lm_rules{mlx_lm_honours_window, whole_weights, mlx_lm_context, mlx_lm_compute,
                             mlx_lm_overhead,       whole_device,  no_reserve,     mlx_lm_refusal,
                             mlx_lm_defaults,       nullptr,       nullptr,        mlx_lm_explain};

constexpr Rules exllamav3_rules{
    exllamav3_honours_window, whole_weights, exllamav3_context, exllamav3_compute,
    exllamav3_overhead,       whole_device,  no_reserve,        exllamav3_refusal,
    exllamav3_defaults,       nullptr,       nullptr,           exllamav3_explain};

bool loads_mlx(SchemeFamily family) { return family == SchemeFamily::mlx; }
bool loads_exl(SchemeFamily family) { return family == SchemeFamily::exl; }

constexpr std::array runtime_table{
    Runtime{"llama.cpp", "llama.cpp", "v0.5.0",
            "github.com/ggml-org/llama.cpp de3ff815 (2026-09-28): src/llama-context.cpp, "
            "src/llama-kv-cache*.cpp, src/llama-memory-*.cpp, src/llama-model.cpp",
            256, "f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl",
            "contexts in 256-token steps; windows of the architectures its loader knows, kept as "
            "window + ubatch cells; MLA as one latent row; recurrent state in f32",
            loads_gguf, llama_cpp_rules},
    Runtime{"sharpinference", "SharpInference", "429b9df5",
            "github.com/pekkah/SharpInference: CudaForwardPass.cs, CudaBackend.cs", 1,
            "f32 bf16 q8_0",
            "every K and V buffer a power of two of bytes; Gemma 4's windows as rings of window + "
            "4096; f32 cache, narrowed to fit unless given; its own automatic context",
            loads_gguf, sharpinference_rules, "cuda"},
    Runtime{
        "mlx-lm", "mlx-lm", "d78bf58e",
        "github.com/ml-explore/mlx-lm (2026-08-22): mlx_lm/models/cache.py, generate.py; Metal's "
        "recommended working set by RAM from reports (macOS 26 gives more)",
        256, "f16 bf16 q8 q6 q4 q3 q2",
        "contexts in 256-token steps; windows of the models with rotating caches, as window + "
        "prefill step - 1; two thirds of the RAM, three quarters from 64 GB on (--vram "
        "overrides); Apple silicon only",
        loads_mlx, mlx_lm_rules, "metal", "BF16 MLX-8 MLX-6 MLX-5 MLX-4 MLX-3 MLX-2"},
    Runtime{"mlxcel", "mlxcel", "0c21aed2",
            "github.com/lablup/mlxcel: memory_estimate.rs, kv_arch.rs, hardware.rs", 256,
            "f16 bf16 int8",
            "its own estimate: weights and cache times 1.20, activations of 512 tokens; one shape "
            "for all layers, windows without prefill, MLA as a latent only in V3; all of the RAM",
            loads_mlx, mlxcel_rules, "metal rocm", "BF16 MLX-8 MLX-6 MLX-5 MLX-4 MLX-3 MLX-2"},
    Runtime{
        "exllamav3", "exllamav3", "4f8ad012",
        "github.com/turboderp-org/exllamav3 (2026-08-08): exllamav3/cache, constants.py, "
        "architecture/architectures.py @000ad6a2",
        256, "f16 q8 q7 q6 q5 q4 q3 q2",
        "pages of 256 tokens shared by all sequences; K and V in 2 to 8 bits each; windows as "
        "f16 rings of window + 512 for 16 slots; MLA as a latent; EXL3 only",
        loads_exl, exllamav3_rules, "cuda",
        "BF16 EXL3-8.0 EXL3-6.0 EXL3-5.0 EXL3-4.5 EXL3-4.0 EXL3-3.5 EXL3-3.0 EXL3-2.5 EXL3-2.0"},
    Runtime{"vllm", "vLLM", "2026-08",
            "github.com/vllm-project/vllm: v1/core/kv_cache_utils.py, v1/kv_cache_interface.py "
            "@001cabc1, config/cache.py @002f10e0; start-up logs for activation and graphs",
            16, "f16 bf16 fp8 int8 nvfp4",
            "0.92 of all memory; pages of 16 tokens, unified and grouped in hybrid models; windows "
            "as window - 1 + batch and a page; MLA whole on every card; as trained unless -c; "
            "activation and CUDA graphs as ranges; safetensors only, as its GGUF support is "
            "experimental",
            loads_safetensors, vllm_rules, "cuda rocm cpu", "BF16 FP8 AWQ-4"},
    Runtime{
        "sglang", "SGLang", "2026-08",
        "github.com/sgl-project/sglang: srt/server_args.py (blob 8356329), "
        "model_runner_kv_cache_mixin.py @001ccef0, configs/model_config.py",
        1, "f16 bf16 fp8",
        "mem_fraction_static of all memory for weights and tokens; window layers of Gemma 4, "
        "gpt-oss, Llama 4, MiMo-V2 and Step-3.5 as 0.8 of the tokens, others ignored; states as "
        "0.9 of the token pool; MLA whole on every card; as trained unless -c",
        loads_safetensors, sglang_rules, "cuda rocm", "BF16 FP8 AWQ-4"},
    Runtime{"ollama", "Ollama", "fb307609",
            "github.com/ollama/ollama fb307609 (2026-08-21): llm/llama_server.go, server/sched.go, "
            "server/routes.go; memory as llama.cpp v0.5.0",
            256, "f16 q8_0 q4_0",
            "llama.cpp with 4096 tokens, 32768 from 23 GiB and 262144 from 47 GiB of GPU memory; "
            "one sequence; batches of 512, 1024 and 2048 by the context",
            loads_gguf, ollama_rules, "cuda rocm vulkan metal cpu"},
    Runtime{"transformers", "transformers", "2026-08",
            "github.com/huggingface/transformers: cache_utils.py @004999d9", 1, "f16 bf16",
            "the exact tokens in 16 bits, windows as window - 1; latent attention expanded to all "
            "heads; the whole prompt at once unless -b; no reserve",
            loads_safetensors, transformers_rules, "cuda rocm metal cpu", "BF16 INT8 NF4"},
};

// The smallest that spends half a bit more than the packed values do: what its scales take.
const Scheme* nearest_loaded(const Scheme& scheme, const Runtime& runtime) {
  const std::uint32_t packed =
      scheme.packings.empty() ? scheme.millibits : scheme.packings.front().millibits;
  const Scheme* nearest = nullptr;
  for (const Scheme& other : schemes()) {
    const bool offered = runtime.ladder.empty() ? other.ladder : lists(runtime.ladder, other.name);
    if (!offered || !runtime.loads(other.family)) continue;
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

bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t space = std::min(list.find(' '), list.size());
    if (list.substr(0, space) == word) return true;
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return false;
}

std::optional<Error> refusal(const ModelInfo& model, const Workload& workload,
                             const Runtime& runtime) {
  if (!lists(runtime.backends, workload.backend))
    return refuse(std::string(runtime.title) + " does not run on " + std::string(workload.backend),
                  "it runs on " + std::string(runtime.backends));
  return runtime.rules.refusal(model, workload);
}

std::optional<Error> refusal(const Scheme& scheme, const Runtime& runtime) {
  if (runtime.loads(scheme.family) || unquantized(scheme.name)) return std::nullopt;
  const Scheme* nearest = nearest_loaded(scheme, runtime);
  return refuse(
      std::string(runtime.title) + " does not load " + files_of(scheme.family) + " (" +
          std::string(scheme.name) + ")",
      nearest == nullptr ? "" : "the nearest that it loads is -q " + std::string(nearest->name));
}

}  // namespace fitvram
