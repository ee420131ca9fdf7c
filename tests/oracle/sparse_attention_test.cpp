// Graphs of sparse-attention models, against allocations of small made-up models.
#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "families/family.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/parse.hpp"
#include "llama/graph/builder.hpp"
#include "support/mapped_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

using Fields = std::map<std::string, std::string>;

std::vector<Fields> planned() {
  std::ifstream file(test::test_data("sparse/planner.csv"));
  std::vector<Fields> rows;
  std::vector<std::string> columns;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::stringstream stream(line);
    std::vector<std::string> fields;
    for (std::string part; std::getline(stream, part, ',');) fields.push_back(part);
    if (columns.empty()) {
      columns = fields;
      continue;
    }
    REQUIRE(fields.size() == columns.size());
    Fields row;
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t count(const Fields& row, const char* column) { return std::stoull(row.at(column)); }

std::uint32_t small(const Fields& row, const char* column) {
  return static_cast<std::uint32_t>(count(row, column));
}

ModelInfo made_up(const std::string& name, std::uint64_t bytes) {
  const MappedFile file(test::test_data("sparse/") + name, bytes);
  const std::vector<GgufShard> shards{{name, file.bytes()}};
  auto model = parse_gguf(shards);
  REQUIRE(model);
  return *model;
}

Workload asked(const Fields& row) {
  Workload w;
  w.n_gpu_layers = small(row, "ngl");
  w.n_ctx = count(row, "ctx");
  w.n_ubatch = small(row, "ubatch");
  w.n_seq = small(row, "parallel");
  w.n_outputs = small(row, "outputs");
  w.type_k = find_tensor_type(row.at("ctk"));
  w.type_v = find_tensor_type(row.at("ctv"));
  w.flash_attn = row.at("fa") == "on"    ? FlashAttention::on
                 : row.at("fa") == "off" ? FlashAttention::off
                                         : FlashAttention::automatic;
  w.kv_unified = count(row, "kv_unified") != 0;
  w.offload_kqv = count(row, "offload_kqv") != 0;
  return w;
}

}  // namespace

TEST_CASE("sparse attention: every figure equals the planner's, to the byte") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  std::map<std::string, ModelInfo> models;
  std::size_t n = 0;
  for (const Fields& row : planned()) {
    const std::string& name = row.at("gguf");
    if (!models.contains(name)) models.emplace(name, made_up(name, count(row, "bytes")));
    const ModelInfo& model = models.at(name);
    const MemoryEstimate memory = estimate(model, stored_weights(model), asked(row), runtime);
    std::string settings;
    for (const auto& [column, value] : row) settings += column + " " + value + "  ";
    INFO(settings);
    CHECK(memory.model.device.count == count(row, "gpu_model"));
    CHECK(memory.context.device.count == count(row, "gpu_context"));
    CHECK(memory.compute.device.count == count(row, "gpu_compute"));
    CHECK(memory.model.host.count == count(row, "host_model"));
    CHECK(memory.context.host.count == count(row, "host_context"));
    CHECK(memory.compute.host.count == count(row, "host_compute"));
    ++n;
  }
  CHECK(models.size() == 5);
  CHECK(n == 75);
}

TEST_CASE("an indexer's operation runs on the host where the device has no kernel for it") {
  const ModelInfo model = made_up("glm-dsa.gguf", 806799904);
  Workload workload;
  workload.n_ctx = 4096;
  const auto host_operations = [&](bool on_device) {
    Building how;
    how.indexer_on_device = on_device;
    Graph graph;
    GraphBuilder builder(model, workload, how, graph);
    const Family* family = find_family("glm-dsa");
    REQUIRE(family != nullptr);
    family->graph.build(builder, family->graph);
    std::size_t n = 0;
    for (const NodeId id : graph.order) n += graph[id].host_only;
    return n;
  };
  CHECK(host_operations(true) == 0);
  CHECK(host_operations(false) == 4);
}

TEST_CASE("blocks without an indexer see the cells that the last indexer chose") {
  const ModelInfo model = made_up("glm-dsa.gguf", 806799904);
  std::size_t indexers = 0, latents = 0;
  for (const Layer& layer : model.layers)
    for (const CacheSlot& slot : layer.caches) {
      indexers += slot.role == CacheRole::indexer;
      latents += slot.role == CacheRole::latent;
    }
  CHECK(indexers == 4);
  CHECK(latents == 7);
}

TEST_CASE("MiniMax-M3 attends to all cells where sequences share one cache") {
  const ModelInfo model = made_up("minimax-m3.gguf", 448698368);
  const auto operations = [&](bool unified) {
    Workload workload;
    workload.n_seq = 2;
    workload.kv_unified = unified;
    Graph graph;
    GraphBuilder builder(model, workload, Building{}, graph);
    const Family* family = find_family("minimax-m3");
    REQUIRE(family != nullptr);
    family->graph.build(builder, family->graph);
    return graph.order.size();
  };
  CHECK(operations(false) > 2 * operations(true));
}

TEST_CASE("a model whose ratio of compression nobody knows has no graph") {
  ModelInfo model = made_up("deepseek4.gguf", 667697344);
  model.hparams.compress_ratios.back() = 16;
  Graph graph;
  const Workload workload;
  GraphBuilder builder(model, workload, Building{}, graph);
  const GraphRule& rule = find_family("deepseek4")->graph;
  CHECK_THROWS_AS(rule.build(builder, rule), Unbuilt);
}
