#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "fitvram/tensor.hpp"

namespace fitvram {

/// The element types of a compute graph: those of weights and caches (a row of the type table) and
/// the two kinds of integers that only graphs hold.
struct Elem {
  std::uint32_t block_elems = 1;
  std::uint32_t block_bytes = 4;
  std::uint32_t id = 0;

  friend bool operator==(const Elem& a, const Elem& b) { return a.id == b.id; }
  bool quantized() const { return block_elems > 1; }
};
inline constexpr Elem f32_elem{1, 4, 0}, f16_elem{1, 2, 1}, i32_elem{1, 4, 2}, i64_elem{1, 8, 3};
Elem elem_of(const TensorType& type);

/// What the allocator and the scheduler ask about an operation; everything else is `other`.
enum class Op : std::uint8_t {
  leaf,      ///< weight, cache, input or uninitialised tensor: computed by nobody
  view,      ///< reshape, view, permute, transpose: no memory of its own
  in_place,  ///< may take over the memory of a source of the same layout
  rope,      ///< in place too; its weights do not decide where it runs
  get_rows,
  mul_mat,
  mul_mat_id,
  flash_attn,  ///< its weights (sinks) do not decide where it runs
  dependency,  ///< keeps its sources alive until here (scheduler)
  other
};

enum class Place : std::int8_t { none = -1, device = 0, host = 1 };

using NodeId = std::int32_t;
inline constexpr NodeId no_node = -1;
using Shape = std::array<std::uint64_t, 4>;

/// A tensor of a compute graph. Sizes are what a buffer takes for it before alignment.
struct Node {
  Node() {}  // not defaulted: that would clear every byte before it is set

  Shape ne{1, 1, 1, 1};
  std::uint64_t bytes = 0;         ///< on the host
  std::uint64_t device_bytes = 0;  ///< on the device, temporaries and row padding included
  std::array<NodeId, 10> src{no_node, no_node, no_node, no_node, no_node,
                             no_node, no_node, no_node, no_node, no_node};
  NodeId view_src = no_node;  ///< the tensor whose memory this one shares
  Elem elem;
  Op op = Op::leaf;
  Place place = Place::none;  ///< where it lies, or must run
  bool external = false;      ///< lies in another buffer (weights, caches)
  bool weight = false;
  bool contiguous = true;
  bool input = false;
  bool output = false;
  bool host_only = false;  ///< the device has no kernel for it
  bool visited = false;
};

/// Thrown where a graph needs a tensor that the model does not have, or sizes that no model has.
struct Unbuilt {};

/// A compute graph built the way ggml's is: operations are created freely, and `expand` puts a
/// tensor and what it depends on into execution order (ggml.c, ggml_build_forward_expand, v0.5.0).
class Graph {
 public:
  /// Room for a graph of so many blocks.
  void reserve(std::size_t n_block) {
    nodes.reserve((n_block + 2) * 96), order.reserve((n_block + 2) * 72);
    leafs.reserve((n_block + 2) * 16);
  }

  NodeId leaf(Shape ne, Elem elem);
  NodeId input(Shape ne, Elem elem);
  /// A weight or cache tensor in a buffer of its own.
  NodeId external(Shape ne, Elem elem, Place place, bool weight);
  NodeId op(Op op, Shape ne, Elem elem, std::initializer_list<NodeId> sources);
  /// Shares the memory of `source`.
  NodeId view(NodeId source, Shape ne);
  /// A part of every row of `source`, which are `row` bytes apart.
  NodeId part(NodeId source, Shape ne, std::uint64_t row);
  /// An operation that writes into `target` and returns it (set_rows, cpy, inplace operations).
  NodeId write(NodeId target, std::initializer_list<NodeId> sources);
  void expand(NodeId node);
  /// `tensor` stays allocated until `until` has run, if that runs on a CUDA device and in one piece
  /// with `since`: operations are fused only where the scheduler does not cut between them.
  void keep(NodeId tensor, NodeId since, NodeId until) { kept.push_back({tensor, since, until}); }

  /// The node that is made next.
  NodeId next() const { return static_cast<NodeId>(nodes.size()); }

  const Node& operator[](NodeId id) const { return nodes[checked(id)]; }
  Node& operator[](NodeId id) { return nodes[checked(id)]; }
  /// Unchecked, for who walks a finished graph: all its ids name nodes.
  const Node& node(NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  Node& node(NodeId id) { return nodes[static_cast<std::size_t>(id)]; }

  struct Kept {
    NodeId tensor, since, until;
  };
  std::vector<Node> nodes;
  std::vector<NodeId> order;  ///< execution order
  std::vector<NodeId> leafs;  ///< in the order they were met
  std::vector<Kept> kept;
  /// Between the first node of one block and that of another: what runs there was left out ahead
  /// of it, once or more, and so must leave the arena as it found it.
  struct Repeat {
    NodeId from = no_node, to = no_node;
  };
  std::vector<Repeat> repeats;
  bool moves_weights = false;  ///< the schedule copies weights from one place to another

 private:
  static std::size_t checked(NodeId id) {
    if (id == no_node) throw Unbuilt{};
    return static_cast<std::size_t>(id);
  }
  Node& add(Op op, const Shape& ne, Elem elem);
  NodeId last() const { return next() - 1; }
};

/// Bytes of a contiguous tensor.
std::uint64_t elem_bytes(const Elem& elem, const Shape& ne);

}  // namespace fitvram
