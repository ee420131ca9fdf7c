#include "runtimes/transformers/rules.hpp"

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "pricing/rules.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& transformers() { return *find_runtime("transformers"); }

Workload asks(std::uint64_t n_ctx) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_batch = 0;
  return w;
}

}  // namespace

TEST_CASE("transformers: every token exactly, in 16 bits") {
  const ModelInfo model = uniform_model(3, 8, 128);
  CHECK(context_estimate(model, asks(1001), transformers()).bytes.device ==
        Bytes{3 * 1001 * 2 * 8 * 128 * 2});
}

TEST_CASE("transformers: a window keeps one token less than its size") {
  const ModelInfo model = windowed_model(6, 2, 64, 512, 6);
  const auto context = context_estimate(model, asks(10'000), transformers());
  REQUIRE(context.caches.size() == 2);
  CHECK(context.caches[0].cells == 511);
  CHECK(context.bytes.device == Bytes{(5 * 511 + 10'000) * 2 * 2 * 64 * 2});
}

TEST_CASE("transformers: latent attention is cached for all heads") {
  ModelInfo model = uniform_model(61, 1, 576);
  model.hparams.n_head = 128;
  model.hparams.head_dim_k_mla = 192;
  model.hparams.head_dim_v_mla = 128;
  for (auto& layer : model.layers)
    layer.caches[0] = {CacheRole::latent, Growth::full, 0, {1, 576, 0}};
  CHECK(context_estimate(model, asks(1), transformers()).bytes.device ==
        Bytes{61 * 128 * (192 + 128) * 2});
}

TEST_CASE("transformers: a prompt is run at once unless it is cut into chunks") {
  ModelInfo model = uniform_model(2, 1, 128);
  const auto compute = [&](std::uint64_t n_ctx, std::uint32_t n_batch) {
    Workload w = asks(n_ctx);
    w.n_batch = n_batch;
    return transformers_runtime.rules->compute(model, {}, w).device;
  };
  const std::uint64_t values = 2 * 128 + 3 * 256;
  CHECK(compute(4000, 0) == Bytes{4000 * values * 2 + 1000 * 4});
  // In chunks the copy of one layer's keys is what grows with the context.
  CHECK(compute(100'000, 100) == Bytes{100'000 * 128 * 2 + 1000 * 4});
}

TEST_CASE("transformers: what it cannot run is refused") {
  ModelInfo model = uniform_model(2, 8, 128);
  Workload w = asks(8192);
  CHECK_FALSE(refusal(model, w, transformers()));
  w.type_k = find_tensor_type("q8_0");
  CHECK(refusal(model, w, transformers())->message ==
        "the cache of transformers is in the model's type, not q8_0");
  w = asks(8192);
  w.n_tp = 2;
  CHECK(refusal(model, w, transformers())->message ==
        "tensor parallelism is not counted for transformers");
  model.layers[0].caches.push_back({CacheRole::indexer, Growth::full, 0, {1, 128, 0}});
  CHECK(refusal(model, asks(8192), transformers())->message ==
        "how transformers sizes the cache of architecture 'llama' is not known");
}
