#include <algorithm>
#include <array>

#include "architectures.hpp"
#include "cache_tensors.hpp"
#include "compute.hpp"
#include "fitvram/runtime.hpp"
#include "text.hpp"

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

bool llama_cpp_honours_window(const ModelInfo& model) {
  const Architecture* arch = find_architecture(model.architecture);
  if (arch == nullptr) return true;
  return arch->window.kind != WindowRule::Kind::none || arch->memory == MemoryClass::dsv4 ||
         arch->memory == MemoryClass::dsa_window;
}

bool loads_gguf(SchemeFamily family) { return family == SchemeFamily::gguf; }

constexpr std::array runtime_table{
    Runtime{"llama.cpp", "llama.cpp", "v0.5.0",
            "github.com/ggml-org/llama.cpp de3ff815 (2026-09-28): src/llama-context.cpp, "
            "src/llama-kv-cache*.cpp, src/llama-memory-*.cpp, src/llama-model.cpp",
            256, true, llama_cpp_honours_window, llama_cpp_device_compute, llama_cpp_host_compute,
            "f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl",
            "contexts in 256-token steps; windows of the architectures its loader knows, kept as "
            "window "
            "+ ubatch cells; MLA as one latent row; recurrent state in f32",
            loads_gguf},
};

constexpr std::uint32_t max_seq = 256;  // LLAMA_MAX_SEQ, src/llama-cparams.h

Error refuse(std::string message, std::string hint) {
  return Error{ErrorCode::unsupported, "", std::move(message), std::move(hint)};
}

/// Models that only draft for another one and share its context (src/llama-context.cpp).
bool needs_other_context(const ModelInfo& model) {
  if (model.architecture == "gemma4-assistant") return true;
  if (model.architecture != "eagle3" && model.architecture != "dflash") return false;
  bool embedding = false, output = false;
  for (const auto& tensor : model.tensors) {
    embedding |= tensor.name == "token_embd.weight";
    output |= tensor.name == "output.weight";
  }
  return !model.tensors.empty() && (!embedding || !output);
}

std::string block_mismatch(const char* cache, const TensorType& type, const char* key,
                           std::uint32_t width) {
  return std::string(cache) + " cache type " + std::string(type.name) + " with block size " +
         std::to_string(type.block_elems) + " does not divide " + key + "=" + std::to_string(width);
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

// src/llama-context.cpp, llama_init_from_model and the constructor it calls, in their order;
// common/arg.cpp kv_cache_type_from_str; v0.5.0.
std::optional<Error> refusal(const ModelInfo& model, const Workload& workload, const Runtime&) {
  const TensorType& k = cache_type_k(workload);
  const TensorType& v = cache_type_v(workload);
  const Hparams& hp = model.hparams;
  for (const TensorType* type : {&k, &v})
    if (!type->cache)
      return refuse("unsupported cache type: " + lower(type->name),
                    "'fitvram list cache-types' names them");
  if (workload.n_seq == 0) return refuse("zero sequences", "ask for at least one slot with -np 1");
  if (workload.n_batch == 0 && workload.n_ubatch == 0)
    return refuse("n_batch and n_ubatch cannot both be zero", "give -b or -ub");
  if (workload.n_ctx == 0 && model.n_ctx_train == 0)
    return refuse("n_ctx and model->hparams.n_ctx_train cannot both be zero", "give -c");
  const Architecture* arch = find_architecture(model.architecture);
  const bool mla = hp.head_dim_k_mla.value_or(0) != 0 && arch != nullptr && arch->mla;
  const bool one_type = mla || (arch != nullptr && arch->memory == MemoryClass::dsv4);
  if (one_type && &k != &v)
    return refuse("llama.cpp does not support different K (" + std::string(k.name) + ") and V (" +
                      std::string(v.name) + ") cache types for architecture '" +
                      model.architecture + "'",
                  "give both the same type, e.g. --kv-type " + std::string(k.name));
  const bool off = workload.flash_attn == FlashAttention::off || model.architecture == "grok";
  if (v.quantized() && off)
    return refuse("a quantized V cache (" + std::string(v.name) + ") requires flash attention",
                  "use -fa on or -ctv f16");
  for (std::size_t i = 0; i < model.n_layer && !off; ++i) {
    const bool swa = i < hp.swa_layers.size() && hp.swa_layers[i];
    const std::uint32_t d_k =
        (swa && hp.head_dim_k_swa ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
    const std::uint32_t d_v =
        (swa && hp.head_dim_v_swa ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
    if (k.quantized() && d_k % k.block_elems != 0)
      return refuse(block_mismatch("K", k, "n_embd_head_k", d_k), "use -ctk f16");
    if (v.quantized() && d_v % v.block_elems != 0)
      return refuse(block_mismatch("V", v, "n_embd_head_v", d_v), "use -ctv f16");
  }
  if (workload.n_seq > max_seq)
    return refuse("n_seq_max must be <= " + std::to_string(max_seq),
                  "ask for fewer slots with -np");
  if (needs_other_context(model))
    return refuse(model.architecture + " requires ctx_other to be set",
                  "it drafts for another model: estimate that one");
  return std::nullopt;
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
