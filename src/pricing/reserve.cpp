#include "pricing/reserve.hpp"

#include <algorithm>
#include <string>

namespace fitvram {

std::uint64_t prefill_width(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  const std::uint64_t n_embd = hp.n_embd.value_or(0);
  std::uint64_t head_dim = std::max(hp.head_dim_k.value_or(0), hp.head_dim_k_swa.value_or(0));
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.role == CacheRole::kv)
        head_dim = std::max<std::uint64_t>(head_dim, slot.shape.dim_k);
  const std::uint64_t n_ff =
      hp.n_ff.max() != 0 ? hp.n_ff.max() : sat_mul(hp.n_ff_exp.max(), hp.n_expert_used.max());
  const std::uint64_t heads = std::uint64_t{hp.n_head.max()} + hp.n_head_kv.max();
  std::uint64_t width = sat_add(3 * n_embd, sat_mul(2, sat_add(sat_mul(heads, head_dim), n_ff)));
  if (const std::uint64_t ple = hp.n_embd_per_layer.value_or(0); ple != 0)
    width = sat_add(width, sat_add(sat_mul(2 * std::uint64_t{model.n_layer} + 1, ple), n_embd));
  return width;
}

Bytes whole_device(const Device& device, const Workload&) { return device.vram; }

Bytes no_reserve(const ModelInfo&, const Device&, const Workload&) { return Bytes{}; }

Bytes automatic_reserve(const ModelInfo& model, Bytes vram, bool windows_honoured) {
  const Bytes floor = 2 * GiB;
  const Bytes dense = std::max(vram / 3, floor);
  if (!windows_honoured || !has_window(model)) return dense;
  const Bytes prefill = Bytes{4} * prefill_tokens * prefill_width(model);
  return std::min(dense, std::max(floor, vram / 6) + prefill);
}

Step explain_automatic_reserve(const ModelInfo& model, Bytes vram, Bytes reserve,
                               bool windows_honoured) {
  const auto text = [](Bytes bytes) { return std::to_string(bytes.count); };
  const Bytes floor = 2 * GiB;
  const Bytes dense = std::max(vram / 3, floor);
  Step step{"reserve", "", reserve.count, ""};
  if (reserve == dense) {
    step.formula = vram / 3 > floor ? text(vram) + " / 3" : "2 * " + text(GiB);
  } else {
    const Bytes sixth = vram / 6;
    step.formula = sixth > floor ? text(vram) + " / 6" : "2 * " + text(GiB);
    const Bytes chunk = reserve - std::max(floor, sixth);
    step.formula += " + 4 * 4096 * " + std::to_string(chunk.count / 4 / 4096);
  }
  const bool window = has_window(model) && windows_honoured;
  step.rule = window ? "a cache of windows saturates: the least of max(V/3, 2 GiB) and max(V/6, 2 "
                       "GiB) + 4 bytes * 4096 tokens of a prefill * values per token"
                     : "max(V/3, 2 GiB)";
  step.rule += "; SharpInference CudaForwardPass.cs @429b9df5";
  return step;
}

}  // namespace fitvram
