#include "cli/base/report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "llama/compute.hpp"

namespace fitvram::cli {

std::string_view command_of(const Report& report) {
  return std::visit([](const auto& body) { return body.command; }, report.body);
}

std::string_view status_of(const CheckedEntry& entry) {
  return entry.error ? "error" : entry.holds() ? "holds" : "breaks";
}

std::vector<Row> rows_of(const PlanReport& plan) {
  std::vector<Row> rows;
  for (const auto& model : plan.models) rows.insert(rows.end(), model.begin(), model.end());
  return rows;
}

std::vector<LayerCount> count_layers(const ModelInfo& model) {
  std::vector<LayerCount> groups;
  for (const auto& layer : model.layers) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const LayerCount& group) {
      return group.layer->kind == layer.kind && group.layer->caches == layer.caches;
    });
    if (same == groups.end())
      groups.push_back({&layer, 1});
    else
      ++same->n_layer;
  }
  return groups;
}

std::vector<TensorGroup> group_tensors(const ModelInfo& model, const Weights& weights) {
  std::vector<TensorGroup> groups;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const auto& tensor = model.tensors[i];
    const auto* type = i < weights.types.size() ? weights.types[i] : tensor.type;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const TensorGroup& g) {
      return g.role == tensor.role && g.type == type;
    });
    if (group == groups.end()) group = groups.insert(groups.end(), {tensor.role, type, 0, 0, {}});
    ++group->n_tensor;
    group->n_elements = sat_add(group->n_elements, n_elements(tensor));
    if (type != nullptr) group->bytes += tensor_bytes(tensor, *type);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const TensorGroup& a, const TensorGroup& b) {
    return a.role != b.role ? a.role < b.role : a.bytes > b.bytes;
  });
  return groups;
}

std::string cache_type_name(const TensorType* type) {
  return type == nullptr ? "f16" : lower_case(type->name);
}

std::uint64_t layers_on_device(const ModelInfo& model, const Workload& workload) {
  return std::min<std::uint64_t>(workload.n_gpu_layers, std::uint64_t{model.n_layer} + 1);
}

bool flash_attention_on(const ModelInfo& model, const Workload& workload) {
  return flash_attention_resolved(model, workload);
}

}  // namespace fitvram::cli
