#include "runtimes/sglang/rules.hpp"

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& sglang() { return *find_runtime("sglang"); }

Workload asks(std::uint64_t n_ctx, std::uint32_t n_tp = 1) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_tp = n_tp;
  return w;
}

Bytes context(const ModelInfo& model, const Workload& w) {
  return context_estimate(model, w, sglang()).bytes.device;
}

}  // namespace

TEST_CASE("SGLang: mem_fraction_static goes by the card") {
  CHECK(mem_fraction_static(8 * GiB, 1, 2048) == 545);
  CHECK(mem_fraction_static(24 * GiB, 1, 2048) == 847);
  CHECK(mem_fraction_static(81'559 * MiB, 1, 8192) == 835);
  CHECK(mem_fraction_static(Bytes{}, 1, 4096) == 880);
  CHECK(mem_fraction_static(2 * GiB, 1, 2048) == 0);
  // From 60 GiB up at least 10 GiB are kept.
  CHECK(mem_fraction_static(61 * GiB, 1, 2048) == 836);
}

TEST_CASE("SGLang: what it may use is that share of the cards it runs on") {
  Device device{24 * GiB};
  Workload w = asks(8192);
  CHECK(sglang_runtime.rules->budget(device, w) == Bytes{24 * GiB.count * 847 / 1000});
  w.memory_utilization = 900'000;
  CHECK(sglang_runtime.rules->budget(device, w) == Bytes{24 * GiB.count * 9 / 10});
  device.vram = device.total = 48 * GiB;
  device.count = 2;
  w.n_tp = 2;
  CHECK(sglang_runtime.rules->budget(device, w) == Bytes{48 * GiB.count * 9 / 10});
}

TEST_CASE("SGLang: Qwen2-32B on four cards holds 46,611 tokens in twice 1.42 GiB") {
  const ModelInfo model = uniform_model(64, 8, 128);
  CHECK(context(model, asks(46'611, 4)) / 4 == Bytes{46'611ULL * 2 * 128 * 64 * 2} * 2);
}

TEST_CASE("SGLang: the latent cache is whole on every card") {
  ModelInfo model = uniform_model(61, 1, 576);
  for (auto& layer : model.layers)
    layer.caches[0] = {CacheRole::latent, Growth::full, 0, {1, 576, 0}};
  CHECK(context(model, asks(1)) == Bytes{70'272});
  CHECK(context(model, asks(1, 8)) == Bytes{8 * 70'272});
}

TEST_CASE("SGLang: window layers take 0.8 of the tokens in the models that it lists, else all") {
  ModelInfo model = windowed_model(12, 2, 64, 512, 2);
  const Bytes token = Bytes{2 * 2 * 64 * 2};
  CHECK(context(model, asks(10'000)) == token * (12 * 10'000));
  CHECK(estimate(model, Weights{}, asks(10'000), sglang()).notes.front().code == "window-ignored");
  model.architecture = "gpt-oss";
  CHECK(context(model, asks(10'000)) == token * (6 * 10'000 + 6 * 8'000));
}

TEST_CASE("SGLang: states and tokens share the memory 9 to 10, with three states a request") {
  ModelInfo model = uniform_model(2, 2, 64);
  model.layers[1].caches = {{CacheRole::conv_state, Growth::constant, 0, {1, 300, 0}},
                            {CacheRole::recurrent_state, Growth::constant, 0, {1, 1000, 0}}};
  const std::uint64_t slot = 300 * 2 + 1000 * 4, token = 2 * 2 * 64 * 2;
  const auto estimate = context_estimate(model, asks(1000), sglang());
  REQUIRE(estimate.caches.size() == 2);
  CHECK(estimate.caches[0].bytes == Bytes{1000 * token});
  CHECK(estimate.caches[1].cells == (1000 * token * 9 / 10 + slot - 1) / slot);
  const auto little = context_estimate(model, asks(1), sglang());
  CHECK(little.caches[1].bytes == Bytes{4 * slot});
  CHECK(little.caches[0].bytes * 9 >= little.caches[1].bytes * 10);
}

TEST_CASE("SGLang: its answers name the fraction and the tokens that fit") {
  const ModelInfo model = uniform_model(32, 8, 128);
  Weights weights;
  weights.flat = 10 * GiB;
  const auto answers = sglang_runtime.rules->answers(model, weights, asks(8192), Device{24 * GiB});
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].value == 847);
  CHECK(answers[2].key == "max_total_num_tokens");
  const std::uint64_t tables = 131'072 * 128 * 2;
  CHECK(answers[2].value ==
        (24 * GiB.count * 847 / 1000 - weights.flat.count - tables) / (32 * 2 * 8 * 128 * 2));
  const auto limits =
      fit({.model = model, .runtime = sglang(), .workload = asks(8192), .device = Device{24 * GiB}},
          weights);
  CHECK(limits.max_n_ctx == answers[2].value);
}

TEST_CASE("SGLang: cache types and architectures that it lacks are refused") {
  ModelInfo model = uniform_model(2, 8, 128);
  Workload w = asks(8192);
  CHECK_FALSE(refusal(model, w, sglang()));
  w.type_k = w.type_v = find_tensor_type("int8");
  CHECK(refusal(model, w, sglang())->message == "SGLang has no KV cache of int8");
  model.architecture = "rwkv7";
  CHECK(refusal(model, asks(8192), sglang())->message ==
        "SGLang does not load architecture 'rwkv7'");
}

TEST_CASE("SGLang: the line for its server") {
  ModelInfo model = uniform_model(2, 8, 128);
  model.format = ModelFormat::catalog;
  model.name = "Qwen/Qwen3-8B";
  Workload w = asks(32'768, 2);
  w.memory_utilization = 850'000;
  CHECK(sglang_runtime.rules->launch(model, "BF16", w) ==
        "python -m sglang.launch_server --model-path Qwen/Qwen3-8B --context-length 32768 "
        "--mem-fraction-static 0.85 --chunked-prefill-size 2048 --tp-size 2");
  CHECK(sglang_runtime.rules->launch(model, "AWQ-4", w).empty());
}
