#include "llama/explain.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "llama/compute.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/placement.hpp"
#include "llama/memory/weights.hpp"
#include "llama/version.hpp"
#include "pricing/cache_terms.hpp"

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

/// The model's bytes on the device or the host: a step for each role of its tensors, and their sum.
std::vector<Step> explain_weights(const ModelInfo& model, const Weights& weights,
                                  const Workload& workload, bool device) {
  const std::string where = device ? " (device)" : " (host)";
  const std::string source = llama_cpp_source;
  const Placement whole = llama_cpp_weights(model, weights, workload);
  const Bytes total = device ? whole.device : whole.host;
  std::vector<Step> steps;
  std::string sum;
  const bool listed = !model.tensors.empty() && weights.types.size() == model.tensors.size() &&
                      weights.stated == Bytes{};
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

// What is told one by one; the rest is "smaller ones" and "gaps".
constexpr std::size_t most_kinds = 4;
constexpr std::uint64_t least_share = 256;

std::string number(std::uint64_t n) { return std::to_string(n); }

/// Words for what is alive: the weight that made it, or the kind of operation.
class Names {
 public:
  Names(const Graph& graph, const std::vector<ReadWeight>& read) : graph_(graph), read_(read) {}

  std::string of(NodeId id) const {
    const Node& node = graph_[id];
    if (node.op == Op::leaf) return of_leaf(node);
    if (const Tensor* weight = weight_of(node)) return stem(*weight);
    if (node.op == Op::flash_attn) return "attention";
    if (node.op == Op::rope) return "rope";
    if (node.op == Op::mul_mat || node.op == Op::mul_mat_id) return "product";
    if (node.op == Op::get_rows) return "rows";
    for (const NodeId source : node.src) {
      if (source == no_node) break;
      const NodeId root = graph_[source].view_src == no_node ? source : graph_[source].view_src;
      if (const Tensor* weight = weight_of(graph_[root])) return "after " + stem(*weight);
    }
    return "result";
  }

  /// "block 3" or nothing: nodes are made block by block, each reading its own weights.
  std::string block_of(NodeId id) const {
    std::int32_t layer = -1;
    for (const ReadWeight& each : read_) {
      if (each.node > id) break;
      layer = each.tensor->layer;
    }
    return layer < 0 ? "" : " of block " + std::to_string(layer);
  }

 private:
  static std::string stem(const Tensor& tensor) {
    std::string name(tensor.name);
    if (name.starts_with("blk.")) name.erase(0, std::min(name.size(), name.find('.', 4) + 1));
    if (const std::size_t end = name.rfind('.'); end != std::string::npos) name.erase(end);
    return name;
  }

  /// Inputs, and copies that the scheduler makes of whatever crosses over.
  std::string of_leaf(const Node& leaf) const {
    const auto alike = [&](const Node& node) {
      return node.ne == leaf.ne && node.elem == leaf.elem;
    };
    for (const Node& node : graph_.nodes)
      if (node.input && alike(node)) return node.elem == f16_elem ? "mask" : "input";
    for (const ReadWeight& each : read_)
      if (alike(graph_[each.node])) return "copy of " + stem(*each.tensor);
    return "copy";
  }

  const Tensor* weight_of(const Node& node) const {
    for (const NodeId source : node.src) {
      if (source == no_node) break;
      const NodeId root = graph_[source].view_src == no_node ? source : graph_[source].view_src;
      const auto it = std::lower_bound(
          read_.begin(), read_.end(), root,
          [](const ReadWeight& each, NodeId wanted) { return each.node < wanted; });
      if (it != read_.end() && it->node == root) return it->tensor;
    }
    return nullptr;
  }

  const Graph& graph_;
  const std::vector<ReadWeight>& read_;
};

/// Equal tensors that are alive together.
struct Kind {
  Shape ne{};
  Elem elem;
  std::uint64_t bytes = 0;  ///< of each, as allocated
  std::uint64_t count = 0;
  std::vector<std::string> names;

  std::uint64_t total() const { return sat_mul(bytes, count); }

  /// "2 * (14336 * 4 * 512)"; the rest is padding and the kernel's own workspace.
  std::string formula() const {
    const std::uint64_t n_row = sat_mul(ne[1], sat_mul(ne[2], ne[3]));
    const std::uint64_t plain = elem_bytes(elem, ne);
    if (ne[0] % elem.block_elems != 0 || plain > bytes)
      return number(count) + " * " + number(bytes);
    std::string text = number(count) + " * (" + number(ne[0]) + " * " + number(elem.block_bytes);
    if (elem.block_elems != 1) text += " / " + number(elem.block_elems);
    text += " * " + number(n_row);
    if (bytes > plain) text += " + " + number(bytes - plain);
    return text + ")";
  }
};

std::vector<Kind> kinds_of(const Graph& graph, const Names& names,
                           const std::vector<ChunkPeak>& peaks, Place place) {
  std::vector<Kind> kinds;
  for (const ChunkPeak& peak : peaks) {
    if (peak.place != place) continue;
    for (const auto& [id, bytes] : peak.alive) {
      const Node& node = graph[id];
      auto same = std::find_if(kinds.begin(), kinds.end(), [&, size = bytes](const Kind& kind) {
        return kind.ne == node.ne && kind.elem == node.elem && kind.bytes == size;
      });
      if (same == kinds.end())
        same = kinds.insert(kinds.end(), Kind{node.ne, node.elem, bytes, 0, {}});
      ++same->count;
      const std::string name = names.of(id);
      if (std::find(same->names.begin(), same->names.end(), name) == same->names.end())
        same->names.push_back(name);
    }
  }
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const Kind& a, const Kind& b) { return a.total() > b.total(); });
  return kinds;
}

Step step_of(const Graph& graph, const Names& names, const std::vector<ChunkPeak>& peaks,
             Place place) {
  Step step{place == Place::device ? "compute (device)" : "compute (host)", "", 0, ""};
  std::string where;
  for (const ChunkPeak& peak : peaks) {
    if (peak.place != place) continue;
    step.value = sat_add(step.value, peak.bytes);
    where = names.of(peak.grown_by) + names.block_of(peak.grown_by);
  }
  if (step.value == 0) {
    step.formula = "0";
    step.rule = "no operation runs there";
    return step;
  }
  std::string parts;
  std::uint64_t left = step.value, others = 0;
  std::size_t n_kind = 0;
  const auto add = [&](const std::string& formula, const std::string& name) {
    step.formula += (step.formula.empty() ? "" : " + ") + formula;
    parts += (parts.empty() ? "" : "; ") + name;
  };
  for (const Kind& kind : kinds_of(graph, names, peaks, place)) {
    left -= kind.total();
    if (kind.bytes == 0) continue;
    if (n_kind++ >= most_kinds || kind.total() < step.value / least_share) {
      others += kind.total();
      continue;
    }
    std::string name;
    for (const std::string& each : kind.names) name += (name.empty() ? "" : ", ") + each;
    add(kind.formula(), name);
  }
  if (others != 0) add(number(others), "smaller ones");
  if (left != 0) add(number(left), "gaps between them");
  step.rule = "tensors alive when the buffer last grows (" + where + "): " + parts +
              "; ggml-alloc.c and ggml-backend.cpp, llama.cpp v0.5.0";
  return step;
}

Step step_of(const char* figure, const Moment& moment, const std::string& why) {
  Step step{figure, "", moment.bytes().count, ""};
  const auto add = [&](std::uint64_t value_bytes, std::uint64_t rows, std::uint64_t width) {
    if (value_bytes == 0 || rows == 0 || width == 0) return;
    step.formula += (step.formula.empty() ? "" : " + ") + number(value_bytes) + " * " +
                    number(rows) + " * " + number(width);
  };
  add(4, moment.values.rows, moment.values.width);
  add(4, moment.scores.rows, moment.scores.width);
  add(moment.masks.value_bytes, moment.masks.n_tokens, moment.masks.n_cells);
  if (moment.converted != Bytes{})
    step.formula += (step.formula.empty() ? "" : " + ") + number(moment.converted.count);
  if (step.formula.empty()) step.formula = "0";
  step.rule = step.value == 0 ? "nothing is computed there"
                              : "bytes * tokens * values at the widest of the moments assumed: " +
                                    std::string(moment.what) + "; " + why;
  return step;
}

}  // namespace

ComputeSteps explain_compute(const ModelInfo& model, const Weights& weights,
                             const Workload& workload) {
  const ComputeFacts facts = compute_facts(model, weights, workload);
  Graph graph;
  std::vector<ReadWeight> read;
  const auto peaks = simulated_peaks(facts, graph, read);
  if (!peaks) {
    const FormulaMoments moments = formula_moments(facts);
    const char* why = "a formula, as no graph of this model is known";
    return {step_of("compute (device)", moments.device, why),
            step_of("compute (host)", moments.host, why)};
  }
  const Names names(graph, read);
  ComputeSteps steps{step_of(graph, names, *peaks, Place::device),
                     step_of(graph, names, *peaks, Place::host)};
  if (!is_reordered(facts)) return steps;
  const Moment moment = widest_moment(facts, false);
  if (moment.bytes().count > steps.device.value)
    steps.device = step_of("compute (device)", moment,
                           "more than the " + number(steps.device.value) +
                               " bytes of the graph in its own order, which Vulkan changes");
  return steps;
}

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
  auto [device, host] = explain_compute(model, weights, workload);
  steps.push_back(std::move(device));
  steps.push_back(overhead_step(workload, memory));
  steps.push_back(std::move(host));
}

}  // namespace fitvram
