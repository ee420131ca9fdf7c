#include "fitvram/estimate.hpp"

#include <algorithm>
#include <array>

#include "architectures.hpp"
#include "cache_tensors.hpp"
#include "placement.hpp"
#include "text.hpp"

namespace fitvram {

ContextSize context_size(const Workload& workload, const Runtime& runtime) {
  ContextSize size;
  const std::uint64_t n_seq = std::max<std::uint32_t>(1, workload.n_seq);
  const std::uint64_t n_batch = std::min<std::uint64_t>(workload.n_ctx, workload.n_batch);
  size.n_ubatch =
      workload.n_ubatch == 0 ? n_batch : std::min<std::uint64_t>(n_batch, workload.n_ubatch);
  size.n_ctx = round_up(workload.n_ctx, runtime.cell_step);
  size.n_ctx_seq = size.n_ctx;
  if (!workload.kv_unified) {
    size.n_stream = n_seq;
    size.n_ctx_seq = round_up(size.n_ctx / n_seq, runtime.cell_step);
    size.n_ctx = sat_mul(size.n_ctx_seq, n_seq);
  }
  return size;
}

std::uint64_t cells(const CacheSlot& slot, const ContextSize& size, const Workload& workload,
                    const Runtime& runtime) {
  const std::uint64_t n_seq = std::max<std::uint32_t>(1, workload.n_seq);
  switch (slot.growth) {
    case Growth::full:
      return size.n_ctx_seq;
    case Growth::sliding:
    case Growth::chunked: {
      if (workload.swa_full) return size.n_ctx_seq;
      const std::uint64_t window = sat_mul(slot.span, n_seq / size.n_stream);
      const std::uint64_t kept = sat_add(window, runtime.window_holds_ubatch ? size.n_ubatch : 0);
      return round_up(std::min(size.n_ctx_seq, kept), runtime.cell_step);
    }
    case Growth::strided:
      if (size.n_ctx_seq == 0 || slot.span == 0) return size.n_ctx_seq;
      return round_up((size.n_ctx_seq + slot.span - 1) / slot.span, runtime.cell_step);
    case Growth::constant:
      return sat_mul(n_seq, 1 + std::uint64_t{workload.n_rs_seq});
  }
  return 0;
}

namespace {

/// Devices::allocated of shapes that come again and again: layers repeat a few dozen of them.
class AllocatedSizes {
 public:
  explicit AllocatedSizes(const Devices& devices) : devices_(devices) {}

  Bytes of(std::uint64_t ne0, std::uint64_t rows, const TensorType& type, bool device) {
    const std::uint64_t mixed = (ne0 ^ (rows << 7) ^ (rows >> 5)) * 0x9e3779b97f4a7c15U;
    Known& known = known_[(mixed >> 58) ^ (device ? 1U : 0U)];
    if (known.type != &type || known.ne0 != ne0 || known.rows != rows || known.device != device)
      known = {ne0, rows, &type, device, devices_.allocated(ne0, rows, type, device)};
    return known.bytes;
  }

 private:
  struct Known {
    std::uint64_t ne0 = 0, rows = 0;
    const TensorType* type = nullptr;
    bool device = false;
    Bytes bytes;
  };
  const Devices& devices_;
  std::array<Known, 64> known_{};
};

void add_to(std::vector<CacheEstimate>& caches, const CacheTensor& tensor, Bytes bytes) {
  const auto same = [&](const CacheEstimate& c) {
    return c.role == tensor.role && c.growth == tensor.growth && c.span == tensor.span;
  };
  auto it = std::find_if(caches.begin(), caches.end(), same);
  if (it == caches.end()) {
    it = caches.insert(caches.end(), CacheEstimate{tensor.role, tensor.growth, tensor.span, 0,
                                                   tensor.cells, Bytes{}});
  }
  if (tensor.first_of_slot) it->n_layer += tensor.n_layer;
  it->bytes += bytes;
}

}  // namespace

Placement context_bytes(const ModelInfo& model, const std::vector<LayerGroup>& groups,
                        const Devices& devices, const Workload& workload, const Runtime& runtime) {
  Placement sum;
  for_each_cache_tensor(model, groups, workload, runtime, [&](const CacheTensor& tensor) {
    const bool device = workload.offload_kqv && devices.holds_layer(tensor.layer);
    (device ? sum.device : sum.host) +=
        devices.allocated(tensor.ne0, tensor.rows, *tensor.type, device) * tensor.n_layer;
  });
  return sum;
}

Placement context_bytes(const ModelInfo& model, const Workload& workload, const Runtime& runtime) {
  const Devices devices(model, workload);
  return context_bytes(model, layer_groups(model, devices), devices, workload, runtime);
}

Placement model_bytes(const ModelInfo& model, const Weights& weights, const Workload& workload,
                      const Runtime&) {
  const Devices devices(model, workload);
  Placement sum;
  if (weights.types.size() != model.tensors.size() || model.tensors.empty()) {
    const std::uint64_t on_device = devices.layers_on_device();
    sum.device = weights.flat / std::max<std::uint64_t>(1, model.layers.size() + 1) * on_device;
    if (on_device == model.layers.size() + 1) sum.device = weights.flat;
    sum.host = weights.flat - sum.device;
    return sum;
  }
  bool has_output = false;
  for (const auto& tensor : model.tensors)
    has_output |= tensor.role == TensorRole::output && tensor.name == "output.weight";
  AllocatedSizes sizes(devices);
  const auto put = [&](bool device, const Tensor& tensor, const TensorType& type) {
    const std::uint64_t rows = sat_mul(tensor.ne[1], sat_mul(tensor.ne[2], tensor.ne[3]));
    (device ? sum.device : sum.host) += sizes.of(tensor.ne[0], rows, type, device);
  };
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    const TensorType& type = *weights.types[i];
    if (tensor.layer >= 0 && static_cast<std::size_t>(tensor.layer) >= model.n_layer) continue;
    if (tensor.role == TensorRole::rope && tensor.layer < 0) {
      bool device = false, host = false;
      for (std::size_t layer = 0; layer < model.n_layer; ++layer) {
        if (!layer_uses_rope_factors(model, layer)) continue;
        (devices.holds_layer(layer) ? device : host) = true;
      }
      if (device) put(true, tensor, type);
      if (host) put(false, tensor, type);
      continue;
    }
    put(devices.holds(model, tensor), tensor, type);
    if (tensor.name != "token_embd.weight" || has_output || !ties_output(model)) continue;
    if (devices.holds_layer(model.layers.size()))
      put(true, tensor, type);
    else if (loads_tied_output_twice(model))
      put(false, tensor, type);
  }
  return sum;
}

MemoryEstimate estimate(const ModelInfo& model, const Weights& weights, const Workload& workload,
                        const Runtime& runtime) {
  const Devices devices(model, workload);
  const ContextSize size = context_size(workload, runtime);
  MemoryEstimate memory;
  memory.n_ctx = size.n_ctx;
  memory.n_ctx_seq = size.n_ctx_seq;
  memory.model = model_bytes(model, weights, workload, runtime);
  memory.model_provenance = weights.provenance;
  memory.notes = weights.notes;

  if (model.format == ModelFormat::parameters) {
    const WindowHint hint = window_hint(model.name);
    const Bytes bytes = context_of_params(model.n_params, size.n_ctx, hint.window, hint.period);
    memory.context.device = bytes;
    memory.context_provenance = Provenance::assumed;
    memory.caches.push_back({CacheRole::kv, hint.window ? Growth::sliding : Growth::full,
                             hint.window, 0, size.n_ctx, bytes});
  } else {
    memory.context_provenance = model.layout;
    const auto groups = layer_groups(model, devices);
    for_each_cache_tensor(model, groups, workload, runtime, [&](const CacheTensor& tensor) {
      const bool device = workload.offload_kqv && devices.holds_layer(tensor.layer);
      const Bytes bytes =
          devices.allocated(tensor.ne0, tensor.rows, *tensor.type, device) * tensor.n_layer;
      (device ? memory.context.device : memory.context.host) += bytes;
      add_to(memory.caches, tensor, bytes);
    });
  }

  for (const TensorType* type : {&cache_type_k(workload), &cache_type_v(workload)}) {
    if (type->ggml_id >= 0) continue;
    memory.context_provenance = Provenance::assumed;
    Note note{Severity::warning, "cache-type-foreign",
              std::string(runtime.title) + " has no cache type " + lower(type->name) +
                  ": its size is assumed to be " + std::to_string(type->block_bytes * 8) +
                  " bits a value"};
    if (memory.notes.empty() || memory.notes.back() != note)
      memory.notes.push_back(std::move(note));
  }

  ModelInfo storage;
  const ModelInfo& typed = with_types(model, weights, storage);
  memory.compute.device = runtime.device_compute(typed, workload);
  memory.compute.host = runtime.host_compute(typed, workload);
  memory.compute_provenance = weakest(Provenance::derived, model.layout);
  memory.overhead.device =
      devices.backend().device ? workload.overhead.value_or(devices.backend().overhead) : Bytes{};
  memory.overhead_provenance = workload.overhead ? Provenance::exact : Provenance::assumed;

  if (has_window(model) && !runtime.honours_window(model)) {
    memory.notes.push_back({Severity::info, "window-ignored",
                            "the model advertises a sliding window; " + std::string(runtime.title) +
                                " ignores it for architecture '" + model.architecture +
                                "': every layer keeps the full context"});
  }
  return memory;
}

Bytes context_of_params(std::uint64_t n_params, std::uint64_t n_ctx, std::uint32_t window,
                        std::uint32_t period) {
  // The source holds the ratio of full layers as a binary fraction, a hair below 1/6 for Gemma 3,
  // and cuts the product down to whole bytes; 40 fractional bits give its published figures.
  __extension__ using Wide = unsigned __int128;
  constexpr unsigned fraction_bits = 40;
  constexpr std::uint64_t bytes_per_billion_per_token = 3584;  // 3.5 MiB per 1024 tokens
  constexpr std::uint64_t billion = 1'000'000'000;
  if (n_params >> 48 != 0 || n_ctx >> 28 != 0) return Bytes{UINT64_MAX};
  const std::uint64_t windowed = period == 0 ? n_ctx : std::min<std::uint64_t>(n_ctx, window);
  const std::uint64_t ratio = period == 0 ? 0 : (std::uint64_t{1} << fraction_bits) / period;
  const Wide tokens = (Wide{windowed} << fraction_bits) + Wide{ratio} * (n_ctx - windowed);
  const Wide bytes = tokens * n_params * bytes_per_billion_per_token / billion >> fraction_bits;
  return Bytes{bytes > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(bytes)};
}

}  // namespace fitvram
