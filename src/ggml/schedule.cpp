#include "ggml/schedule.hpp"

#include <algorithm>

namespace fitvram {

namespace {

/// Rows an operation works on: small ones are not worth moving a weight for.
std::uint64_t batch_of(const Node& node) {
  switch (node.op) {
    case Op::get_rows:
      return 0;
    case Op::mul_mat:
      return node.ne[1];
    case Op::mul_mat_id:
    case Op::rope:
      return node.ne[2];
    case Op::leaf:
    case Op::view:
    case Op::in_place:
    case Op::flash_attn:
    case Op::dependency:
    case Op::other:
      return node.ne[1] * node.ne[2] * node.ne[3];
  }
  return 0;
}

constexpr std::uint64_t min_offloaded_batch = 32;

class Scheduler {
 public:
  Scheduler(Graph& graph, const Machine& machine) : g_(graph), machine_(machine) {}

  std::vector<Scheduled> run() {
    if (!machine_.device) {
      for (const NodeId leaf : g_.leafs) g_.node(leaf).place = Place::host;
      std::vector<Scheduled> steps;
      steps.reserve(g_.order.size());
      for (const NodeId id : g_.order) steps.push_back({id, Place::host});
      return steps;
    }
    for (const NodeId leaf : g_.leafs)
      if (g_.node(leaf).input) g_.node(leaf).place = Place::host;
    for (const NodeId id : g_.order)
      if (g_.node(id).place == Place::none) g_.node(id).place = by_memory(g_.node(id));
    // What has a place keeps it, so once all have one the other passes change nothing.
    const bool left = spread(g_.order.begin(), g_.order.end(), true) &&
                      spread(g_.order.rbegin(), g_.order.rend(), true) &&
                      spread(g_.order.begin(), g_.order.end(), false) &&
                      spread(g_.order.rbegin(), g_.order.rend(), false);
    if (left) most_inputs();
    rest();
    return split();
  }

 private:
  Place lies_in(NodeId id) const {
    const NodeId root = g_.node(id).view_src;
    const Node& node = g_.node(root == no_node ? id : root);
    return node.external ? node.place : Place::none;
  }

  /// Pass 1: where memory that exists already wants an operation to run.
  Place by_memory(const Node& node) const {
    if (node.view_src != no_node && g_.node(node.view_src).external)
      return g_.node(node.view_src).place;
    if (node.op == Op::rope || node.op == Op::flash_attn) return Place::none;
    for (const NodeId source : node.src) {
      if (source == no_node) break;
      const Node& weight = g_.node(source);
      if (!weight.weight || !weight.external) continue;
      if (weight.place == Place::device) return node.host_only ? Place::none : Place::device;
      const bool moves =
          machine_.offloads && !node.host_only && batch_of(node) >= min_offloaded_batch;
      return moves ? Place::device : Place::host;
    }
    return Place::none;
  }

  /// Pass 2: neighbours run where their neighbours run; the device's reach grows first. Whether
  /// any is left without a place.
  template <typename It>
  bool spread(It begin, It end, bool device_only) {
    Place current = Place::none;
    bool left = false;
    for (It it = begin; it != end; ++it) {
      Node& node = g_.node(*it);
      if (node.op == Op::view) continue;
      if (node.place != Place::none) {
        current = device_only && node.place == Place::host ? Place::none : node.place;
      } else if (current == Place::host || (current == Place::device && !node.host_only)) {
        node.place = current;
      } else {
        left = true;
      }
    }
    return left;
  }

  /// Pass 3: what no neighbour could take runs where most of its sources lie.
  void most_inputs() {
    for (const NodeId id : g_.order) {
      Node& node = g_.node(id);
      if (node.op == Op::view || node.place != Place::none) continue;
      int device = 0, host = 0;
      for (const NodeId source : node.src) {
        if (source == no_node) break;
        const Place place = place_of(source);
        device += place == Place::device;
        host += place == Place::host;
      }
      node.place = node.host_only || host > device ? Place::host : Place::device;
    }
  }

  Place place_of(NodeId id) const {
    const Node& node = g_.node(id);
    if (node.place != Place::none) return node.place;
    return node.view_src == no_node ? Place::none : g_.node(node.view_src).place;
  }

  /// Pass 4: views follow their source, sources without a place their user.
  void rest() {
    for (const NodeId id : g_.order) {
      Node& node = g_.node(id);
      if (node.place == Place::none && node.view_src != no_node)
        node.place = g_.node(node.view_src).place;
      for (const NodeId source : node.src) {
        if (source == no_node) break;
        Node& s = g_.node(source);
        if (s.place == Place::none)
          s.place = s.view_src != no_node ? g_.node(s.view_src).place : node.place;
      }
      if (node.place == Place::none) node.place = node.host_only ? Place::host : Place::device;
    }
  }

  /// Pass 5: cut where the place changes, copy what a piece needs from the other side.
  std::vector<Scheduled> split() {
    std::vector<Scheduled> steps;
    steps.reserve(g_.order.size() + 64);
    copies_.assign(g_.nodes.size(), {no_node, no_node});
    piece_of_.assign(g_.nodes.size(), 0);
    std::vector<NodeId> inputs;
    std::vector<Scheduled> copied;
    std::ptrdiff_t piece = 0;  // where the steps of the current piece begin
    Place current = Place::none;
    for (const NodeId id : g_.order)
      if (g_.node(id).op != Op::view) {
        current = g_.node(id).place;
        break;
      }
    const auto flush = [&] {
      for (const NodeId input : inputs) {
        const NodeId kept = g_.view(input, g_.node(input).ne);
        g_.node(kept).op = Op::dependency;
        copied.push_back({kept, g_.node(input).place});
        copied.push_back({copy(input, current), current});
      }
      steps.insert(steps.begin() + piece, copied.begin(), copied.end());
      inputs.clear(), copied.clear(), ++n_piece_;
      piece = static_cast<std::ptrdiff_t>(steps.size());
    };
    for (const NodeId id : g_.order) {
      const Place place = g_.node(id).place;
      if (g_.node(id).op != Op::view) {
        if (place != current || (!inputs.empty() && brings_new_weight(id, current))) {
          flush();
          current = place;
        }
        for (std::size_t j = 0; j < g_.node(id).src.size(); ++j) {
          const NodeId source = g_.node(id).src[j];
          if (source == no_node) break;
          if (g_.node(source).place == current) continue;
          NodeId& there =
              copies_[static_cast<std::size_t>(source)][static_cast<std::size_t>(current)];
          if (there == no_node) {
            there = copied_to(source, current);
            inputs.push_back(source);
          }
          g_.node(id).src[j] = there;
        }
      }
      steps.push_back({id, place});
      piece_of_[static_cast<std::size_t>(id)] = n_piece_;
      if (next_kept_ < g_.kept.size())
        keep_until(id, steps, machine_.keeps && place == Place::device);
    }
    flush();
    return steps;
  }

  NodeId copied_to(NodeId id, Place place) {
    const NodeId copy = g_.leaf(g_.node(id).ne, g_.node(id).elem);
    const NodeId root = g_.node(id).view_src;
    g_.moves_weights |= g_.node(root == no_node ? id : root).weight;
    const std::uint64_t bytes = g_.node(id).bytes;
    Node& made = g_.node(copy);
    made.place = place;
    made.bytes = std::max(bytes, made.bytes);
    made.device_bytes = std::max(bytes, made.device_bytes);
    return copy;
  }

  NodeId copy(NodeId id, Place place) const {
    return copies_[static_cast<std::size_t>(id)][static_cast<std::size_t>(place)];
  }

  bool brings_new_weight(NodeId id, Place current) const {
    for (const NodeId source : g_.node(id).src) {
      if (source == no_node) break;
      if (g_.node(source).weight && g_.node(source).place != current) return true;
    }
    return false;
  }

  void keep_until(NodeId id, std::vector<Scheduled>& steps, bool keeps) {
    std::size_t n = 0;
    NodeId dependency = no_node;
    for (; next_kept_ < g_.kept.size() && g_.kept[next_kept_].until == id; ++next_kept_) {
      const auto since = static_cast<std::size_t>(g_.kept[next_kept_].since);
      if (!keeps || piece_of_[since] != n_piece_) continue;
      NodeId tensor = g_.kept[next_kept_].tensor;
      if (g_.node(tensor).place == Place::host && copy(tensor, Place::device) != no_node)
        tensor = copy(tensor, Place::device);
      if (n % 10 == 0) {
        dependency = g_.view(tensor, g_.node(tensor).ne);
        g_.node(dependency).op = Op::dependency;
        steps.push_back({dependency, Place::device});
      }
      g_.node(dependency).src[n++ % 10] = tensor;
    }
  }

  Graph& g_;
  const Machine& machine_;
  std::vector<std::array<NodeId, 2>> copies_;
  std::vector<std::size_t> piece_of_;
  std::size_t n_piece_ = 1, next_kept_ = 0;
};

}  // namespace

std::vector<Scheduled> schedule(Graph& graph, const Machine& machine) {
  return Scheduler(graph, machine).run();
}

}  // namespace fitvram
