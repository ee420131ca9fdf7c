#include <map>
#include <utility>

#include "llama/compute.hpp"
#include "llama/explain_weights.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/placement.hpp"
#include "llama/rules.hpp"
#include "pricing/cache_terms.hpp"

namespace fitvram {

namespace {

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

}  // namespace

void llama_cpp_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                       const MemoryEstimate& memory, std::vector<Step>& steps) {
  const Devices devices(model, workload);
  const std::string source = llama_cpp_source;
  for (const bool device : {true, false}) {
    auto parts = explain_weights(model, weights, workload, device);
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
  for_each_cache_tensor(model, groups, workload, [&](const CacheTensor& t) {
    const bool device = workload.offload_kqv && devices.holds_layer(t.layer);
    const Bytes bytes = devices.allocated(t.ne0, t.rows, *t.type, device);
    const std::string figure = figure_of(t.role, t.growth, t.span) + (device ? "" : " (host)");
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
  ModelInfo storage;
  auto [device, host] = explain_compute(with_types(model, weights, storage), workload);
  steps.push_back(std::move(device));
  steps.push_back(overhead_step(workload, memory));
  steps.push_back(std::move(host));
}

}  // namespace fitvram
