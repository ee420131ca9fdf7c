#include <map>

#include "cache_tensors.hpp"
#include "explain_weights.hpp"
#include "fitvram/estimate.hpp"
#include "llama_cpp.hpp"
#include "placement.hpp"

namespace fitvram {

namespace {

std::string figure_name(CacheRole role, Growth growth, std::uint32_t span, bool device) {
  std::string name = std::string("context / ") + name_of(role) + ' ' + name_of(growth);
  if (span != 0) name += ' ' + std::to_string(span);
  return name + (device ? "" : " (host)");
}

/// "(ne0 * block_bytes / block_elems * rows + padding)", as integers.
std::string tensor_formula(const CacheTensor& t, Bytes allocated) {
  const TensorType& type = *t.type;
  std::string row = std::to_string(t.ne0) + " * " + std::to_string(type.block_bytes);
  if (type.block_elems != 1) row += " / " + std::to_string(type.block_elems);
  const Bytes plain = row_bytes(type, t.ne0) * t.rows;
  std::string text = row + " * " + std::to_string(t.rows);
  if (allocated > plain) text += " + " + std::to_string((allocated - plain).count);
  return text;
}

/// For runtimes whose rules show no arithmetic.
void add_plain_steps(const MemoryEstimate& memory, std::vector<Step>& steps) {
  const auto add = [&](std::string figure, Bytes bytes) {
    if (bytes.count == 0) return;
    steps.push_back({std::move(figure), std::to_string(bytes.count), bytes.count, ""});
  };
  add("model (device)", memory.model.device);
  for (const auto& cache : memory.caches)
    add(figure_name(cache.role, cache.growth, cache.span, true), cache.bytes);
  add("compute (device)", memory.compute.device);
  add("overhead", memory.overhead.device);
}

Step total_step(const MemoryEstimate& memory) {
  return {"total (device)",
          std::to_string(memory.model.device.count) + " + " +
              std::to_string(memory.context.device.count) + " + " +
              std::to_string(memory.compute.device.count) + " + " +
              std::to_string(memory.overhead.device.count),
          memory.device_total().count, "model + context + compute + overhead"};
}

}  // namespace

std::vector<Step> explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                          const Runtime& runtime) {
  const Devices devices(model, workload);
  const MemoryEstimate memory = estimate(model, weights, workload, runtime);
  const std::string source = std::string(runtime.title) + ' ' + std::string(runtime.version);
  std::vector<Step> steps;
  if (runtime.rules.explain != nullptr || runtime.rules.context != llama_cpp_context) {
    if (runtime.rules.explain != nullptr)
      runtime.rules.explain(model, weights, workload, memory, steps);
    else
      add_plain_steps(memory, steps);
    steps.push_back(total_step(memory));
    return steps;
  }

  for (const bool device : {true, false}) {
    auto parts = explain_weights(model, weights, workload, runtime, device);
    steps.insert(steps.end(), parts.begin(), parts.end());
  }

  if (model.format == ModelFormat::parameters) {
    steps.push_back({"context", std::to_string(memory.context.device.count),
                     memory.context.device.count,
                     "3584 bytes per 10^9 parameters and token: a heuristic, off by factors"});
  }
  struct Sum {
    std::string formula;
    Bytes bytes;
    std::uint64_t cells = 0;
  };
  // Equal tensors are multiplied, not repeated: key = place in the output, then the tensor's text.
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::pair<std::string, std::uint64_t>>> terms;
  std::map<std::string, Sum> sums;
  const auto groups = layer_groups(model, devices);
  for_each_cache_tensor(model, groups, workload, runtime, [&](const CacheTensor& t) {
    const bool device = workload.offload_kqv && devices.holds_layer(t.layer);
    const Bytes bytes = devices.allocated(t.ne0, t.rows, *t.type, device);
    const std::string figure = figure_name(t.role, t.growth, t.span, device);
    if (sums.find(figure) == sums.end()) order.push_back(figure);
    Sum& sum = sums[figure];
    sum.bytes += bytes * t.n_layer;
    sum.cells = t.cells;
    auto& list = terms[figure];
    const std::string text = tensor_formula(t, bytes);
    for (auto& [known, count] : list) {
      if (known == text) {
        count += t.n_layer;
        return;
      }
    }
    list.emplace_back(text, t.n_layer);
  });
  std::map<bool, std::pair<std::string, Bytes>> whole;
  for (const auto& figure : order) {
    auto& [sum, bytes] = whole[!figure.ends_with("(host)")];
    sum += (sum.empty() ? "" : " + ") + std::to_string(sums[figure].bytes.count);
    bytes += sums[figure].bytes;
    std::string formula;
    for (const auto& [text, count] : terms[figure])
      formula += (formula.empty() ? "" : " + ") + std::to_string(count) + " * (" + text + ")";
    steps.push_back({figure, formula, sums[figure].bytes.count,
                     "tensors * (values per row * bytes per value * rows), " +
                         std::to_string(sums[figure].cells) + " cells; " + source});
  }
  for (const auto& [device, sum] : whole)
    steps.push_back({device ? "context (device)" : "context (host)", sum.first, sum.second.count,
                     "the caches above; " + source});
  steps.push_back({"compute (device)", std::to_string(memory.compute.device.count),
                   memory.compute.device.count, "largest moment of a batch, derived; " + source});
  steps.push_back({"overhead", std::to_string(memory.overhead.device.count),
                   memory.overhead.device.count, std::string(devices.backend().overhead_source)});
  steps.push_back({"compute (host)", std::to_string(memory.compute.host.count),
                   memory.compute.host.count, "inputs of a batch, masks, embeddings; " + source});
  steps.push_back(total_step(memory));
  steps.push_back({"total (host)",
                   std::to_string(memory.model.host.count) + " + " +
                       std::to_string(memory.context.host.count) + " + " +
                       std::to_string(memory.compute.host.count),
                   memory.host_total().count, "model + context + compute"});
  return steps;
}

}  // namespace fitvram
