#include "llama/explain_weights.hpp"

#include <map>
#include <utility>

#include "llama/memory/placement.hpp"
#include "llama/rules.hpp"

namespace fitvram {

namespace {

struct Part {
  std::vector<std::pair<std::string, std::uint64_t>> terms;  ///< one tensor, and how many like it
  Bytes bytes;

  void add(const std::string& term, Bytes size) {
    bytes += size;
    for (auto& [known, count] : terms)
      if (known == term) {
        ++count;
        return;
      }
    terms.emplace_back(term, 1);
  }
  std::string formula() const {
    std::string text;
    for (const auto& [term, count] : terms)
      text += (text.empty() ? "" : " + ") + std::to_string(count) + " * (" + term + ")";
    return text;
  }
};

/// "5376 * 144 / 256 * 21504", and what the allocator adds to it.
std::string tensor_term(const Tensor& tensor, const TensorType& type, Bytes allocated) {
  const auto rows = sat_mul(tensor.ne[1], sat_mul(tensor.ne[2], tensor.ne[3]));
  auto text = std::to_string(tensor.ne[0]) + " * " + std::to_string(type.block_bytes);
  if (type.block_elems != 1) text += " / " + std::to_string(type.block_elems);
  text += " * " + std::to_string(rows);
  const Bytes plain = tensor_bytes(tensor, type);
  if (allocated > plain) text += " + " + std::to_string((allocated - plain).count);
  return text;
}

}  // namespace

std::vector<Step> explain_weights(const ModelInfo& model, const Weights& weights,
                                  const Workload& workload, bool device) {
  const std::string where = device ? " (device)" : " (host)";
  const std::string source = llama_cpp_source;
  const Placement whole = llama_cpp_weights(model, weights, workload);
  const Bytes total = device ? whole.device : whole.host;
  std::vector<Step> steps;
  std::string sum;
  const bool listed = !model.tensors.empty() && weights.types.size() == model.tensors.size();
  if (listed) {
    const Devices devices(model, workload);
    std::map<TensorRole, Part> parts;
    for (const auto& [index, on_device] : llama_cpp_placement(model, workload)) {
      if (on_device != device) continue;
      const Tensor& tensor = model.tensors[index];
      const TensorType& type = *weights.types[index];
      const auto rows = sat_mul(tensor.ne[1], sat_mul(tensor.ne[2], tensor.ne[3]));
      const Bytes bytes = devices.allocated(tensor.ne[0], rows, type, device);
      parts[tensor.role].add(tensor_term(tensor, type, bytes), bytes);
    }
    for (const auto& [role, part] : parts) {
      steps.push_back({std::string("model / ") + name_of(role) + where, part.formula(),
                       part.bytes.count,
                       "tensors * (values per row * bytes / values of a block * rows + padding of "
                       "the allocator); " +
                           source});
      sum += (sum.empty() ? "" : " + ") + std::to_string(part.bytes.count);
    }
  }
  const char* rule = device ? "the layers on the GPU; a tied head is a copy of the embedding"
                            : "input embeddings, and the layers that stay on the host";
  steps.push_back({"model" + where, sum.empty() ? std::to_string(total.count) : sum, total.count,
                   rule + ("; " + source)});
  return steps;
}

}  // namespace fitvram
