#include "graph.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 46;  // of a tensor, so that sums stay sums

}  // namespace

Elem elem_of(const TensorType& type) {
  if (type.name == "F32") return f32_elem;
  if (type.name == "F16") return f16_elem;
  if (type.name == "I32") return i32_elem;
  return Elem{type.block_elems, type.block_bytes, 16 + static_cast<std::uint32_t>(type.ggml_id)};
}

std::uint64_t elem_bytes(const Elem& elem, const Shape& ne) {
  const std::uint64_t row = sat_mul(ne[0] / elem.block_elems, elem.block_bytes) +
                            ne[0] % elem.block_elems * elem.block_bytes / elem.block_elems;
  return sat_mul(row, sat_mul(ne[1], sat_mul(ne[2], ne[3])));
}

NodeId Graph::add(const Node& node) {
  nodes.push_back(node);
  Node& added = nodes.back();
  added.bytes = added.device_bytes = elem_bytes(added.elem, added.ne);
  if (added.bytes > most_bytes) throw Unbuilt{};
  // CUDA completes the last quantized row to 512 values (ggml-cuda.cu get_alloc_size, v0.5.0).
  if (added.elem.quantized() && added.ne[0] % 512 != 0)
    added.device_bytes += elem_bytes(added.elem, {512 - added.ne[0] % 512, 1, 1, 1});
  return static_cast<NodeId>(nodes.size()) - 1;
}

NodeId Graph::leaf(Shape ne, Elem elem) {
  Node node;
  node.ne = ne, node.elem = elem;
  return add(node);
}

NodeId Graph::input(Shape ne, Elem elem) {
  const NodeId id = leaf(ne, elem);
  (*this)[id].input = true;
  return id;
}

NodeId Graph::external(Shape ne, Elem elem, Place place, bool weight) {
  const NodeId id = leaf(ne, elem);
  Node& node = (*this)[id];
  node.external = true, node.place = place, node.weight = weight;
  return id;
}

NodeId Graph::op(Op op, Shape ne, Elem elem, std::initializer_list<NodeId> sources) {
  Node node;
  node.op = op, node.ne = ne, node.elem = elem;
  std::size_t n = 0;
  for (const NodeId source : sources)
    if (source != no_node) node.src[n++] = source;
  return add(node);
}

NodeId Graph::view(NodeId source, Shape ne) {
  Node node;
  node.op = Op::view, node.ne = ne, node.elem = (*this)[source].elem;
  node.src[0] = source;
  const NodeId root = (*this)[source].view_src;
  node.view_src = root == no_node ? source : root;
  const NodeId id = add(node);
  const Node& of = (*this)[source];
  // A view of a view with gaps spans the same memory.
  const auto count = [](const Shape& s) { return s[0] * s[1] * s[2] * s[3]; };
  if (!of.contiguous && count(of.ne) == count(ne)) {
    (*this)[id].bytes = of.bytes, (*this)[id].device_bytes = of.device_bytes;
    (*this)[id].contiguous = false;
  }
  return id;
}

NodeId Graph::part(NodeId source, Shape ne, std::uint64_t row) {
  const NodeId id = view(source, ne);
  Node& node = (*this)[id];
  // [values, tokens, sequences] or [values, heads, tokens, sequences].
  std::uint64_t n_row = node.ne[1] * node.ne[2] * node.ne[3], width = node.ne[0];
  const bool by_head = (*this)[source].ne[1] != node.ne[1];
  if (by_head) n_row = node.ne[2] * node.ne[3], width *= node.ne[1];
  if (n_row == 0) throw Unbuilt{};
  node.bytes = (n_row - 1) * row + elem_bytes(node.elem, {width, 1, 1, 1});
  node.device_bytes = node.bytes;
  node.contiguous = false;
  return id;
}

NodeId Graph::write(NodeId target, std::initializer_list<NodeId> sources) {
  const NodeId id = op(Op::other, (*this)[target].ne, (*this)[target].elem, sources);
  const NodeId root = (*this)[target].view_src;
  (*this)[id].view_src = root == no_node ? target : root;
  return id;
}

void Graph::expand(NodeId id) {
  if (id == no_node || (*this)[id].visited) return;
  (*this)[id].visited = true;
  for (const NodeId source : (*this)[id].src) {
    if (source == no_node) break;
    expand(source);
  }
  ((*this)[id].op == Op::leaf ? leafs : order).push_back(id);
}

}  // namespace fitvram
