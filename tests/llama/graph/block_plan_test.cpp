#include "llama/graph/block_plan.hpp"

#include <algorithm>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

BlockPlan plan_of(const ModelInfo& model, unsigned care, Workload workload = {}) {
  return plan_blocks(model, workload, Devices(model, workload), care);
}

/// Blocks `a` and `b` own the same caches.
bool alike(const ModelInfo& model, std::size_t a, std::size_t b) {
  return model.layers[a] == model.layers[b];
}

}  // namespace

TEST_CASE("of equal blocks a few are built, the first and the last among them") {
  const ModelInfo model = uniform_model(64, 8, 128);
  const BlockPlan plan = plan_of(model, 0);
  CHECK(plan.blocks.size() < 9);
  CHECK(plan.blocks.front() == 0);
  CHECK(plan.blocks.back() == 63);
  CHECK(plan.omissions.size() == 1);
}

TEST_CASE("with the most care every block is built") {
  const BlockPlan plan = plan_of(uniform_model(64, 8, 128), most_care);
  CHECK(plan.blocks.size() == 64);
  CHECK(plan.omissions.empty());
}

TEST_CASE("every block is built where the types of weights count") {
  Workload workload;
  workload.n_gpu_layers = 20;
  CHECK(plan_of(uniform_model(64, 8, 128), 0, workload).blocks.size() == 64);
  workload = {};
  workload.offload_kqv = false;
  CHECK(plan_of(uniform_model(64, 8, 128), 0, workload).blocks.size() == 64);
}

TEST_CASE("blocks that follow no pattern are all built") {
  ModelInfo model = uniform_model(40, 8, 128);
  for (std::uint32_t i = 0; i < 40; ++i) model.layers[i].caches[0].shape.dim_k = 64 + i;
  CHECK(plan_of(model, 0).blocks.size() == 40);
}

TEST_CASE("what is missing repeats the blocks that stand where it is missing") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  std::size_t n_omission = 0;
  for (const CatalogEntry& entry : *catalog) {
    const auto model = model_of(entry);
    REQUIRE(model);
    for (unsigned care = 0; care < most_care; ++care) {
      const BlockPlan plan = plan_of(*model, care);
      INFO(entry.name << ", care " << care);
      CHECK(std::is_sorted(plan.blocks.begin(), plan.blocks.end()));
      for (const Omission& omission : plan.omissions) {
        ++n_omission;
        REQUIRE(0 < omission.at);
        REQUIRE(omission.at < omission.again);
        REQUIRE(omission.again < plan.blocks.size());
        const std::size_t n = omission.again - omission.at, first = plan.blocks[omission.at];
        const std::size_t before = plan.blocks[omission.at - 1] + 1;
        CHECK((first - before) % n == 0);
        for (std::size_t block = before; block < first; ++block)
          if (!alike(*model, block, first + (block - before) % n)) FAIL("block " << block);
      }
    }
  }
  CHECK(n_omission > 100);
}
