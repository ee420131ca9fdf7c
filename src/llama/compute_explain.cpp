#include <algorithm>
#include <string>
#include <vector>

#include "llama/compute_facts.hpp"

namespace fitvram {

namespace {

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

ComputeSteps explain_compute(const ModelInfo& model, const Workload& workload) {
  const Facts facts = facts_of(model, workload);
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

}  // namespace fitvram
