#include "graph.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "arena.hpp"
#include "catch.hpp"
#include "compute.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/parse.hpp"
#include "graph_families.hpp"
#include "support/mapped_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

ModelInfo recorded(const std::string& name) {
  const auto sizes =
      nlohmann::json::parse(std::ifstream(test::test_data("headers/file_sizes.json")));
  const MappedFile file(test::test_data("headers/") + name, sizes.at(name).get<std::uint64_t>());
  const std::vector<GgufShard> shards{{name, file.bytes()}};
  auto model = parse_gguf(shards);
  REQUIRE(model);
  return *model;
}

ArenaBytes built(const ModelInfo& model, const Workload& workload, unsigned care) {
  const Family* family = find_family(model.architecture);
  REQUIRE(family != nullptr);
  Building how;
  how.care = care;
  Graph graph;
  GraphBuilder builder(model, workload, how, graph);
  family->build(builder, *family);
  Machine machine;
  machine.device = machine.keeps = true;
  machine.device_memory.alignment = 128;
  return arena_bytes(graph, machine);
}

}  // namespace

TEST_CASE("expanding puts sources before their users, left to right, each once") {
  Graph g;
  const NodeId w = g.external({4, 1, 1, 1}, f32_elem, Place::host, true);
  const NodeId a = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {w});
  const NodeId b = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {w});
  const NodeId c = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {b, a, b});
  g.expand(c);
  g.expand(a);
  CHECK(g.leafs == std::vector<NodeId>{w});
  CHECK(g.order == std::vector<NodeId>{b, a, c});
}

TEST_CASE("a view of a view shares the memory of the first tensor") {
  Graph g;
  const NodeId x = g.op(Op::other, {8, 2, 1, 1}, f32_elem, {});
  const NodeId y = g.view(g.view(x, {16, 1, 1, 1}), {4, 4, 1, 1});
  CHECK(g[y].view_src == x);
}

TEST_CASE("a part of every row spans the gaps between the parts, as does a view of it") {
  Graph g;
  const NodeId x = g.op(Op::other, {100, 3, 1, 1}, f32_elem, {});
  const NodeId part = g.part(x, {10, 3, 1, 1}, 400);
  CHECK(g[part].bytes == 2 * 400 + 40);
  CHECK(g[g.view(part, {5, 2, 3, 1})].bytes == 2 * 400 + 40);
}

TEST_CASE("CUDA completes the last quantized row to 512 values") {
  Graph g;
  const Elem q8 = elem_of(*find_tensor_type("q8_0"));
  const NodeId x = g.external({32, 4, 1, 1}, q8, Place::device, true);
  CHECK(g[x].bytes == 4 * 34);
  CHECK(g[x].device_bytes == 4 * 34 + 15 * 34);
}

TEST_CASE("blocks that are left out change nothing where they are seen to repeat") {
  for (const char* name :
       {"llama-3.1-8b.Q4_K_M.gguf", "gemma-3-27b.Q4_K_M.gguf", "gpt-oss-20b.MXFP4_MOE.gguf",
        "qwen3-30b-a3b.Q4_K_M.gguf", "deepseek-v3.Q4_K_M.gguf", "qwen3.5-27b.Q4_K_M.gguf",
        "granite-4.0-h-small.Q4_K_M.gguf", "phi-4-14b.Q4_K_M.gguf", "mamba2-2.7b.Q4_K_M.gguf"}) {
    const ModelInfo model = recorded(name);
    for (const std::uint64_t n_ctx : {2048u, 32768u}) {
      for (const std::uint32_t n_outputs : {0u, 1u}) {
        Workload workload;
        workload.n_ctx = n_ctx;
        workload.n_outputs = n_outputs;
        INFO(name << ", " << n_ctx << " tokens, " << n_outputs << " outputs");
        const ArenaBytes all = built(model, workload, most_care);
        CHECK(all.repeats);
        bool seen = false;
        for (unsigned care = 0; care < most_care; ++care) {
          const ArenaBytes some = built(model, workload, care);
          seen |= some.repeats;
          if (!some.repeats) continue;
          CHECK(some.device == all.device);
          CHECK(some.host == all.host);
        }
        CHECK(seen);
      }
    }
  }
}

TEST_CASE("of every architecture of the catalogue, the fewest blocks seen to repeat are enough") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  std::set<std::string> seen;
  std::size_t n_built = 0;
  Workload workload;
  workload.n_seq = 3;
  workload.n_outputs = 0;
  for (const CatalogEntry& entry : *catalog) {
    const auto model = model_of(entry);
    REQUIRE(model);
    const std::string blocks = model->architecture + std::to_string(model->n_layer);
    if (find_family(model->architecture) == nullptr || !seen.insert(blocks).second) continue;
    try {
      unsigned care = 0;
      ArenaBytes some = built(*model, workload, care);
      while (!some.repeats) some = built(*model, workload, ++care);
      const ArenaBytes all = built(*model, workload, most_care);
      INFO(entry.name << ", care " << care);
      CHECK(some.device == all.device);
      CHECK(some.host == all.host);
      ++n_built;
    } catch (const Unbuilt&) {  // by the formula that stands in for graphs
    }
  }
  CHECK(n_built > 100);
}

TEST_CASE("a graph of many equal blocks is small") {
  const ModelInfo model = recorded("llama-3.1-8b.Q4_K_M.gguf");
  Graph graph;
  const Workload workload;
  GraphBuilder builder(model, workload, Building{}, graph);
  CHECK(builder.plan.size() < 9);
  CHECK(builder.plan.front() == 0);
  CHECK(builder.plan.back() == model.n_layer - 1);
}

TEST_CASE("families are found by their GGUF name") {
  CHECK(find_family("llama") != nullptr);
  CHECK(find_family("lla") == nullptr);
  CHECK(find_family("") == nullptr);
  CHECK(find_family("zzz") == nullptr);
}
