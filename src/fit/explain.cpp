#include "fitvram/estimate.hpp"

namespace fitvram {

namespace {

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
  runtime.rules.explain(model, weights, workload, memory, steps);
  add_totals(memory, steps);
  return steps;
}

}  // namespace fitvram
