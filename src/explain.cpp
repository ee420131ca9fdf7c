#include "cache_terms.hpp"
#include "fitvram/estimate.hpp"

namespace fitvram {

namespace {

/// For runtimes whose rules show no arithmetic.
void add_plain_steps(const MemoryEstimate& memory, std::vector<Step>& steps) {
  const auto add = [&](std::string figure, Bytes bytes) {
    if (bytes.count == 0) return;
    steps.push_back({std::move(figure), std::to_string(bytes.count), bytes.count, ""});
  };
  add("model (device)", memory.model.device);
  for (const auto& cache : memory.caches)
    add(figure_of(cache.role, cache.growth, cache.span), cache.bytes);
  add("compute (device)", memory.compute.device);
  add("overhead", memory.overhead.device);
}

void add_totals(const MemoryEstimate& memory, std::vector<Step>& steps) {
  const auto number = [](Bytes bytes) { return std::to_string(bytes.count); };
  steps.push_back({"total (device)",
                   number(memory.model.device) + " + " + number(memory.context.device) + " + " +
                       number(memory.compute.device) + " + " + number(memory.overhead.device),
                   memory.device_total().count, "model + context + compute + overhead"});
  if (memory.host_total() == Bytes{}) return;
  steps.push_back({"total (host)",
                   number(memory.model.host) + " + " + number(memory.context.host) + " + " +
                       number(memory.compute.host),
                   memory.host_total().count, "model + context + compute"});
}

}  // namespace

std::vector<Step> explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                          const Runtime& runtime) {
  const MemoryEstimate memory = estimate(model, weights, workload, runtime);
  std::vector<Step> steps;
  if (runtime.rules.explain != nullptr)
    runtime.rules.explain(model, weights, workload, memory, steps);
  else
    add_plain_steps(memory, steps);
  add_totals(memory, steps);
  return steps;
}

}  // namespace fitvram
