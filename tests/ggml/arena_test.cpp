#include "ggml/arena.hpp"

#include "catch.hpp"
#include "ggml/schedule.hpp"

using namespace fitvram;

namespace {

constexpr std::uint64_t row = 4096;  // bytes of a vector of 1024 values
constexpr Shape vec{1024, 1, 1, 1};

Machine host_only() { return Machine{}; }

Machine with_device() {
  Machine machine;
  machine.device = true;
  machine.keeps = true;
  return machine;
}

NodeId step(Graph& g, std::initializer_list<NodeId> sources, Op op = Op::other) {
  return g.op(op, vec, f32_elem, sources);
}

}  // namespace

TEST_CASE("a chain of operations needs two tensors at a time") {
  Graph g;
  NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  for (int i = 0; i < 10; ++i) x = step(g, {x});
  g.expand(x);
  CHECK(arena_bytes(g, host_only()).host == 2 * row);
}

TEST_CASE("operations that may work in place take over the memory of their source") {
  Graph g;
  NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  for (int i = 0; i < 10; ++i) x = step(g, {x}, Op::in_place);
  g.expand(x);
  CHECK(arena_bytes(g, host_only()).host == row);
}

TEST_CASE("a source that is read again later is not taken over") {
  Graph g;
  const NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  const NodeId y = step(g, {x}, Op::in_place);
  g.expand(step(g, {y, x}));
  CHECK(arena_bytes(g, host_only()).host == 3 * row);
}

TEST_CASE("views cost nothing, keep their source alive and are never taken over") {
  Graph g;
  const NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  const NodeId view = g.view(x, {32, 32, 1, 1});
  const NodeId y = g.op(Op::in_place, {32, 32, 1, 1}, f32_elem, {view});
  g.expand(y);
  CHECK(arena_bytes(g, host_only()).host == 2 * row);
}

TEST_CASE("outputs are never freed nor overwritten") {
  Graph g;
  NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  g[x].output = true;
  x = step(g, {x}, Op::in_place);
  x = step(g, {x});
  g.expand(step(g, {x}));
  CHECK(arena_bytes(g, host_only()).host == 3 * row);
}

TEST_CASE("a freed block is used again where it fits best") {
  Graph g;
  const NodeId w = g.external(vec, f32_elem, Place::host, true);
  const NodeId big = g.op(Op::other, {4096, 1, 1, 1}, f32_elem, {w});
  const NodeId kept = g.op(Op::other, vec, f32_elem, {big});
  g[kept].output = true;
  g.expand(kept);
  g.expand(g.op(Op::other, {4096, 1, 1, 1}, f32_elem, {kept}));
  CHECK(arena_bytes(g, host_only()).host == 5 * row);
}

TEST_CASE("every tensor is padded to the alignment") {
  Graph g;
  const NodeId w = g.external(vec, f32_elem, Place::host, true);
  g.expand(g.op(Op::other, {5, 1, 1, 1}, f32_elem, {w}));
  Machine machine = host_only();
  machine.host_memory.alignment = 128;
  CHECK(arena_bytes(g, machine).host == 128);
}

TEST_CASE("a buffer with a limit is continued in another one") {
  Graph g;
  const NodeId a = step(g, {g.external(vec, f32_elem, Place::host, true)});
  const NodeId b = step(g, {a});
  const NodeId c = step(g, {a, b});
  g.expand(c);
  Machine machine = host_only();
  machine.host_memory.max_chunk = 2 * row;
  CHECK(arena_bytes(g, machine).host == 3 * row);
}

TEST_CASE("inputs lie on the host and are copied to the device that reads them") {
  Graph g;
  const NodeId w = g.external(vec, f32_elem, Place::device, true);
  const NodeId in = g.input(vec, f32_elem);
  g.expand(step(g, {w, in}));
  const ArenaBytes bytes = arena_bytes(g, with_device());
  CHECK(bytes.host == row);
  CHECK(bytes.device == 2 * row);
}

TEST_CASE("operations run where their weights lie and what crosses over is copied") {
  Graph g;
  const NodeId host = g.external(vec, f32_elem, Place::host, true);
  const NodeId device = g.external(vec, f32_elem, Place::device, true);
  const NodeId x = g.op(Op::get_rows, vec, f32_elem, {host});
  g.expand(step(g, {device, x}));
  const ArenaBytes bytes = arena_bytes(g, with_device());
  CHECK(bytes.host == row);
  CHECK(bytes.device == 2 * row);
}

TEST_CASE("large multiplications with weights on the host run on the device with a copy of them") {
  const auto bytes_of = [](std::uint64_t n_batch) {
    Graph g;
    const NodeId w = g.external({1024, 8, 1, 1}, f32_elem, Place::host, true);
    const NodeId in = g.input({1024, n_batch, 1, 1}, f32_elem);
    g.expand(g.op(Op::mul_mat, {8, n_batch, 1, 1}, f32_elem, {w, in}));
    return arena_bytes(g, with_device());
  };
  CHECK(bytes_of(32).device == 8 * row + 32 * row + 32 * 32);
  CHECK(bytes_of(31).device == 0);
}

TEST_CASE("an operation the device has no kernel for runs on the host") {
  Graph g;
  const NodeId w = g.external(vec, f32_elem, Place::device, true);
  const NodeId x = step(g, {w});
  const NodeId y = step(g, {x});
  g[y].host_only = true;
  g.expand(step(g, {y, w}));
  const ArenaBytes bytes = arena_bytes(g, with_device());
  CHECK(bytes.host == 2 * row);
  CHECK(bytes.device == 2 * row);
}

TEST_CASE("what a fused operation reads stays until it is done, on CUDA alone") {
  const auto bytes_of = [](bool keeps) {
    Graph g;
    const NodeId w = g.external(vec, f32_elem, Place::device, true);
    const NodeId x = step(g, {w});
    const NodeId y = step(g, {x}, Op::in_place);
    const NodeId z = step(g, {y}, Op::in_place);
    g.expand(z);
    g.keep(x, y, z);
    Machine machine = with_device();
    machine.keeps = keeps;
    return arena_bytes(g, machine).device;
  };
  CHECK(bytes_of(false) == row);
  CHECK(bytes_of(true) == 2 * row);
}

TEST_CASE("a fused operation that the scheduler cuts in two keeps nothing") {
  const auto bytes_of = [](bool cut) {
    Graph g;
    const Shape many{1024, 64, 1, 1};
    const Place place = cut ? Place::host : Place::device;
    const NodeId w = g.external({1024, 1, 1, 1}, f32_elem, Place::host, true);
    const NodeId other = g.external({1024, 1, 1, 1}, f32_elem, place, true);
    const NodeId x = g.op(Op::other, many, f32_elem, {w});
    const NodeId y = g.op(Op::in_place, many, f32_elem, {x, other});
    const NodeId z = g.op(Op::in_place, many, f32_elem, {y});
    g.expand(z);
    g.keep(x, x, z);
    return arena_bytes(g, with_device()).device;
  };
  CHECK(bytes_of(true) == 64 * row + row);
  CHECK(bytes_of(false) == 2 * 64 * row + row);
}

TEST_CASE("the peak of a buffer is what was alive when it last grew, and the gaps between") {
  Graph g;
  const NodeId w = g.external(vec, f32_elem, Place::host, true);
  const NodeId big = g.op(Op::other, {4096, 1, 1, 1}, f32_elem, {w});
  const NodeId kept = g.op(Op::other, vec, f32_elem, {big});
  g[kept].output = true;
  g.expand(kept);
  const NodeId bigger = g.op(Op::other, {8192, 1, 1, 1}, f32_elem, {kept});
  g.expand(bigger);
  const auto peaks = arena_peaks(g, host_only()).chunks;
  REQUIRE(peaks.size() == 1);
  CHECK(peaks[0].place == Place::host);
  CHECK(peaks[0].bytes == 13 * row);
  CHECK(peaks[0].grown_by == bigger);
  REQUIRE(peaks[0].alive.size() == 2);
  CHECK(peaks[0].alive[0].node == kept);
  CHECK(peaks[0].alive[0].bytes == row);
  CHECK(peaks[0].alive[1].node == bigger);
  CHECK(peaks[0].alive[1].bytes == 8 * row);
}

TEST_CASE("every buffer of a device has its own peak, and their sum is the figure") {
  const auto build = [](Graph& g) {
    NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
    NodeId y = step(g, {x});
    const NodeId z = step(g, {x, y});
    g.expand(step(g, {x, y, z}));
  };
  Machine machine = host_only();
  machine.host_memory.max_chunk = 2 * row;
  Graph asked, told;
  build(asked), build(told);
  const auto peaks = arena_peaks(told, machine).chunks;
  REQUIRE(peaks.size() == 2);
  CHECK(peaks[0].bytes == 2 * row);
  CHECK(peaks[0].alive.size() == 2);
  CHECK(peaks[1].alive.size() == 2);
  CHECK(peaks[0].bytes + peaks[1].bytes == arena_bytes(asked, machine).host);
}

TEST_CASE("operations repeat where they leave the allocator as they found it") {
  // Each adds to its source what it makes of it: results lie in two places in turn.
  const auto repeats = [](std::size_t from, std::size_t to, bool keeps_one) {
    Graph g;
    NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
    std::vector<NodeId> begins;
    for (std::size_t i = 0; i < 8; ++i) {
      begins.push_back(g.next());
      const NodeId made = step(g, {x});
      if (keeps_one && i == 4) g[made].output = true;
      x = step(g, {x, made});
    }
    g.expand(x);
    g.repeats.push_back({begins[from], begins[to]});
    const bool found = arena_bytes(g, host_only()).repeats;
    return found;
  };
  CHECK(repeats(2, 4, false));
  CHECK(repeats(2, 6, false));
  CHECK_FALSE(repeats(2, 3, false));
  CHECK(repeats(2, 4, true));
  CHECK_FALSE(repeats(3, 5, true));
}

TEST_CASE("operations that are never reached repeat nothing") {
  Graph g;
  const NodeId x = step(g, {g.external(vec, f32_elem, Place::host, true)});
  g.expand(x);
  g.repeats.push_back({x, g.next()});
  CHECK_FALSE(arena_bytes(g, host_only()).repeats);
}
