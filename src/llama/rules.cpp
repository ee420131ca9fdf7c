#include "llama/rules.hpp"

#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "llama/compute.hpp"
#include "llama/explain.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/limits.hpp"
#include "llama/memory/placement.hpp"
#include "llama/memory/weights.hpp"
#include "llama/version.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"

namespace fitvram {

namespace {

bool needs_other_context(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  switch (family == nullptr ? OtherContext::none : family->load.other_context) {
    case OtherContext::none:
      return false;
    case OtherContext::always:
      return true;
    case OtherContext::for_tensors:
      break;
  }
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

}  // namespace

ContextEstimate llama_cpp_context(const ModelInfo& model, const Workload& workload) {
  const Devices devices(model, workload);
  ContextEstimate context;
  const auto groups = layer_groups(model, devices);
  for_each_cache_tensor(model, groups, workload, [&](const CacheTensor& tensor) {
    const bool device = workload.offload_kqv && devices.holds_layer(tensor.layer);
    const Bytes bytes =
        devices.allocated(tensor.ne0, tensor.rows, *tensor.type, device) * tensor.n_layer;
    (device ? context.bytes.device : context.bytes.host) += bytes;
    add_cache(context.caches, {tensor.role, tensor.growth, tensor.span,
                               tensor.first_of_slot ? tensor.n_layer : 0, tensor.cells, bytes});
  });
  return context;
}

void llama_cpp_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory) {
  const Devices devices(model, workload);
  if (devices.backend().device) memory.overhead.device = devices.backend().overhead;
}

Bytes window_reserve(const ModelInfo& model, const Device& device, const Workload&) {
  return automatic_reserve(model, device.vram, llama_cpp_honours_window(model));
}

Step explain_window_reserve(const ModelInfo& model, Bytes vram, Bytes reserve) {
  return explain_automatic_reserve(model, vram, reserve, llama_cpp_honours_window(model));
}

bool llama_cpp_loads_all_blocks(const ModelInfo& model, const Workload& workload) {
  return Devices(model, workload).layers_on_device() == model.layers.size() + 1;
}

namespace {

Defaults llama_cpp_defaults(const ModelInfo&, const std::optional<Device>&) {
  Defaults defaults;
  defaults.each_sequence = false;
  return defaults;
}

std::string llama_cpp_launch(const ModelInfo& model, const std::string&, const Workload& w) {
  const Workload usual;
  if (model.format != ModelFormat::gguf || model.source == "-") return {};
  for (const auto* type : {w.type_k, w.type_v})
    if (type != nullptr && type->ggml_id < 0) return {};
  std::string line = "llama-server -m " + shell_quoted(model.source);
  const auto flag = [&](const char* name, const std::string& value) {
    line += std::string(" ") + name + (value.empty() ? "" : " ") + value;
  };
  flag("-c", std::to_string(w.n_ctx));
  flag("-np", std::to_string(w.n_seq));
  if (w.kv_unified) flag("-kvu", "");
  if (w.n_batch != usual.n_batch) flag("-b", std::to_string(w.n_batch));
  if (w.n_ubatch != usual.n_ubatch) flag("-ub", std::to_string(w.n_ubatch));
  if (w.type_k != nullptr) flag("-ctk", lower_case(w.type_k->name));
  if (w.type_v != nullptr) flag("-ctv", lower_case(w.type_v->name));
  if (w.flash_attn == FlashAttention::on) flag("-fa", "on");
  if (w.flash_attn == FlashAttention::off) flag("-fa", "off");
  if (w.swa_full) flag("--swa-full", "");
  const bool all = w.n_gpu_layers > model.n_layer;
  flag("-ngl", all ? "all" : std::to_string(w.n_gpu_layers));
  if (!w.offload_kqv) flag("-nkvo", "");
  if (w.backend == "cpu") flag("-dev", "none");
  return line;
}

}  // namespace

// src/llama-context.cpp, llama_init_from_model and the constructor it calls, in their order;
// common/arg.cpp kv_cache_type_from_str; v0.5.0.
std::optional<Error> llama_cpp_refusal(const ModelInfo& model, const Workload& workload) {
  const TensorType& k = cache_type_k(workload);
  const TensorType& v = cache_type_v(workload);
  const Hparams& hp = model.hparams;
  for (const TensorType* type : {&k, &v})
    if (!type->cache || (type->ggml_id < 0 && type->quantized()))
      return refuse("unsupported cache type: " + lower_case(type->name),
                    "'fitvram list cache-types' names them");
  if (workload.n_seq == 0) return refuse("zero sequences", "ask for at least one slot with -np 1");
  if (workload.n_batch == 0 && workload.n_ubatch == 0)
    return refuse("n_batch and n_ubatch cannot both be zero", "give -b or -ub");
  if (workload.n_ctx == 0 && model.n_ctx_train == 0)
    return refuse("n_ctx and model->hparams.n_ctx_train cannot both be zero", "give -c");
  const Family* family = find_family(model.architecture);
  const bool mla = hp.head_dim_k_mla.value_or(0) != 0 && family != nullptr && family->cache.mla;
  const bool one_type = mla || (family != nullptr && family->cache.memory == MemoryClass::dsv4);
  if (one_type && &k != &v)
    return refuse("llama.cpp does not support different K (" + std::string(k.name) + ") and V (" +
                      std::string(v.name) + ") cache types for architecture '" +
                      model.architecture + "'",
                  "give both the same type, e.g. --kv-type " + std::string(k.name));
  const bool off = v_transposed(model, workload);
  if (v.quantized() && off)
    return refuse("a quantized V cache (" + std::string(v.name) + ") requires flash attention",
                  "use -fa on or -ctv f16");
  for (std::size_t i = 0; i < model.n_layer && !off; ++i) {
    const bool swa = hp.is_swa(i);
    const std::uint32_t d_k =
        (swa && hp.head_dim_k_swa ? hp.head_dim_k_swa : hp.head_dim_k).value_or(0);
    const std::uint32_t d_v =
        (swa && hp.head_dim_v_swa ? hp.head_dim_v_swa : hp.head_dim_v).value_or(0);
    if (k.quantized() && d_k % k.block_elems != 0)
      return refuse(block_mismatch("K", k, "n_embd_head_k", d_k), "use -ctk f16");
    if (v.quantized() && d_v % v.block_elems != 0)
      return refuse(block_mismatch("V", v, "n_embd_head_v", d_v), "use -ctv f16");
  }
  if (workload.n_seq > llama_max_seq)
    return refuse("n_seq_max must be <= " + std::to_string(llama_max_seq),
                  "ask for fewer slots with -np");
  if (family != nullptr && family->load.one_stream && workload.n_seq > 1 && !workload.kv_unified)
    return refuse(
        "llama.cpp v0.5.0 stops at an assertion when several sequences of architecture '" +
            model.architecture + "' have caches of their own",
        "share one cache with --kv-unified, or ask for one slot with -np 1");
  if (needs_other_context(model))
    return refuse(model.architecture + " requires ctx_other to be set",
                  "it drafts for another model: estimate that one");
  return std::nullopt;
}

namespace {

constexpr Rules llama_cpp_rules{
    .honours_window = llama_cpp_honours_window,
    .weights = llama_cpp_weights,
    .context = llama_cpp_context,
    .compute = llama_cpp_compute,
    .overhead = llama_cpp_overhead,
    .budget = whole_device,
    .reserve = window_reserve,
    .refusal = llama_cpp_refusal,
    .defaults = llama_cpp_defaults,
    .launch = llama_cpp_launch,
    .explain = llama_cpp_explain,
    .explain_reserve = explain_window_reserve,
    .loads_all_blocks = llama_cpp_loads_all_blocks,
};

}  // namespace

constinit const Runtime llama_cpp_runtime{
    .name = "llama.cpp",
    .title = "llama.cpp",
    .version = llama_cpp_version,
    .source =
        "github.com/ggml-org/llama.cpp de3ff815 (2026-09-28): src/llama-context.cpp, "
        "src/llama-kv-cache*.cpp, src/llama-memory-*.cpp, src/llama-model.cpp",
    .cell_step = llama_cell_step,
    .cache_types = "f32 f16 bf16 q8_0 q5_1 q5_0 q4_1 q4_0 iq4_nl",
    .about =
        "contexts in 256-token steps; windows of the architectures its loader knows, kept as "
        "window + ubatch cells; MLA as one latent row; recurrent state in f32",
    .loads = SchemeFamily::gguf,
    .rules = &llama_cpp_rules,
};

}  // namespace fitvram
