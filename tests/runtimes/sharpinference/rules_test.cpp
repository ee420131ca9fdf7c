#include "runtimes/sharpinference/rules.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"
#include "support/configs.hpp"
#include "support/mapped_file.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& sharpinference() { return *find_runtime("sharpinference"); }

const TensorType& type(const char* name) { return *find_tensor_type(name); }

/// Gemma 4 12B from the header of a published GGUF file, whose tensors Q4_0 gives the types of
/// gemma-4-12b-it-qat-q4_0.gguf.
const ModelInfo& gemma_4_12b() {
  static const std::string name = "gemma-4-12b.Q4_K_M.gguf";
  static const auto sizes =
      nlohmann::json::parse(std::ifstream(test::test_data("headers/file_sizes.json")));
  static const MappedFile file(test::test_data("headers/") + name,
                               sizes.at(name).get<std::uint64_t>());
  static const ModelInfo model =
      test::checked(parse_gguf(std::vector<GgufShard>{{name, file.bytes()}}));
  return model;
}
Weights q4_0(const ModelInfo& model) { return quantize(model, *find_scheme("Q4_0")); }

const ModelInfo& qwen3_8b() {
  static const ModelInfo model = test::model_of_file("Qwen__Qwen3-8B");
  return model;
}

constexpr Bytes rtx_4070_ti{12'878'086'144};  // what CUDA shows of its 12 GB

}  // namespace

TEST_CASE("Gemma 4 12B: weights, scratch and what SharpInference leaves for the cache") {
  const ModelInfo& model = gemma_4_12b();
  const Weights weights = q4_0(model);
  REQUIRE(model.n_ctx_train == 262'144);
  CHECK(sharp::uploaded_weights(model, weights, Workload{}).device == Bytes{6'960'054'464});
  CHECK(sharp::scratch(model) == Bytes{1'315'840});
  using enum sharp::Reserve;
  CHECK(sharp::reserve(model, rtx_4070_ti, third) == Bytes{4'292'695'381});
  CHECK(sharp::reserve(model, rtx_4070_ti, first_window) == Bytes{3'170'893'824});
  CHECK(sharp::reserve(model, rtx_4070_ti) == Bytes{3'242'196'992});
  CHECK(sharp::available(model, weights, rtx_4070_ti, third) == Bytes{1'624'020'459});
  CHECK(sharp::available(model, weights, rtx_4070_ti, first_window) == Bytes{2'745'822'016});
  CHECK(sharp::available(model, weights, rtx_4070_ti) == Bytes{2'674'518'848});
  CHECK(sharp::reserve(model, rtx_4070_ti, fifth) == rtx_4070_ti / 5);
  CHECK(sharp::reserve(model, 4 * GiB, fifth) == GiB);
}

TEST_CASE("Gemma 4 12B on 12 GB: q8_0 goes from 30,840 to 123,361 with the scoped reserve") {
  const ModelInfo& model = gemma_4_12b();
  const Weights weights = q4_0(model);
  const auto n_ctx = [&](const char* name, sharp::Reserve rule) {
    return sharp::max_ctx(model, type(name), sharp::available(model, weights, rtx_4070_ti, rule));
  };
  using enum sharp::Reserve;
  CHECK(n_ctx("Q8_0", third) == 30'840);
  CHECK(n_ctx("Q8_0", first_window) == 123'361);
  CHECK(n_ctx("Q8_0", scoped) == 123'361);
  CHECK(n_ctx("BF16", scoped) == 4096);
  CHECK(n_ctx("F32", scoped) == 2048);
  const auto kv = [&](std::uint64_t tokens) {
    return sharp::kv_cache(model, tokens, type("Q8_0"));
  };
  CHECK(kv(30'840) == 1536 * MiB);
  CHECK(kv(61'680) == 1792 * MiB);
  CHECK(kv(123'361) == 2304 * MiB);
  CHECK(kv(246'723) == 3328 * MiB);
  CHECK(kv(262'144) == 5376 * MiB);
}

TEST_CASE("before windows were priced, Gemma 4 12B had 1770 tokens whatever the type") {
  const ModelInfo& model = gemma_4_12b();
  const std::uint64_t per_token = 2 * 4 * 8 * (40 * 256 + 8 * 512);
  const Bytes budget = sharp::available(model, q4_0(model), rtx_4070_ti, sharp::Reserve::third);
  CHECK(budget.count / per_token == 1770);
}

TEST_CASE("SharpInference's safe context is its automatic one, for every cache type") {
  const ModelInfo& model = gemma_4_12b();
  const Weights weights = q4_0(model);
  const auto safe = [&](const char* name, Bytes vram) {
    Workload w;
    w.type_k = w.type_v = name == nullptr ? nullptr : &type(name);
    return fit({.model = model, .runtime = sharpinference(), .workload = w, .device = vram},
               weights)
        .safe_n_ctx;
  };
  CHECK(safe("q8_0", rtx_4070_ti) == 123'361);
  CHECK(safe("bf16", rtx_4070_ti) == 4096);
  CHECK(safe("f32", rtx_4070_ti) == 2048);
  CHECK(safe(nullptr, rtx_4070_ti) == 2048);
  CHECK(safe("q8_0", 16 * GiB) == 262'144);
}

TEST_CASE("a longer context than the model's is clamped to it, however it is asked for") {
  const ModelInfo& model = gemma_4_12b();
  const Weights weights = q4_0(model);
  for (const std::uint64_t n_ctx : {262'145ULL, 1'000'000ULL, 1ULL << 40U}) {
    Workload w;
    w.n_ctx = n_ctx;
    w.type_k = w.type_v = &type("q8_0");
    CHECK(resolved(model, weights, w, sharpinference(), 16 * GiB).n_ctx == 262'144);
    CHECK(context_estimate(model, w, sharpinference()).bytes.device == 5376 * MiB);
    CHECK(fit({.model = model,
               .runtime = sharpinference(),
               .workload = w,
               .device = 16 * GiB,
               .extend_ctx = true},
              weights)
              .safe_n_ctx == 262'144);
  }
}

TEST_CASE("an explicit context narrows SharpInference's cache until it fits") {
  const ModelInfo& model = gemma_4_12b();
  const Weights weights = q4_0(model);
  const auto narrowed = [&](std::uint64_t n_ctx, const char* asked = nullptr) {
    Workload w;
    w.n_ctx = n_ctx;
    w.type_k = w.type_v = asked == nullptr ? nullptr : &type(asked);
    return resolved(model, weights, w, sharpinference(), rtx_4070_ti).type_k->name;
  };
  CHECK(narrowed(2048) == "F32");
  CHECK(narrowed(2049) == "BF16");
  CHECK(narrowed(4096) == "BF16");
  CHECK(narrowed(4097) == "Q8_0");
  CHECK(narrowed(200'000) == "Q8_0");
  CHECK(narrowed(200'000, "f32") == "F32");
}

TEST_CASE("Qwen3-8B Q4_K_M on 12 GB: 12,080 tokens by the 32-bit divisor, 2304 MiB in bf16") {
  const ModelInfo& model = qwen3_8b();
  REQUIRE(model.n_ctx_train == 40'960);
  const Weights weights = quantize(model, *find_scheme("Q4_K_M"));
  CHECK(sharp::uploaded_weights(model, weights, Workload{}).device == Bytes{5'021'827'072});
  CHECK(sharp::scratch(model) == Bytes{796'160});
  CHECK(sharp::available(model, weights, rtx_4070_ti) == Bytes{3'562'767'531});
  Workload w;
  w.type_k = w.type_v = &type("bf16");
  CHECK(fit({.model = model, .runtime = sharpinference(), .workload = w, .device = rtx_4070_ti},
            weights)
            .safe_n_ctx == 12'080);
  w.n_ctx = 12'080;
  CHECK(context_estimate(model, w, sharpinference()).bytes.device == 2304 * MiB);
}

TEST_CASE("what is left of a card that is too small is 64 MiB, of an unknown one 8 GiB") {
  const ModelInfo& model = gemma_4_12b();
  CHECK(sharp::available(model, q4_0(model), 8 * GiB) == 64 * MiB);
  CHECK(sharp::available(model, q4_0(model), Bytes{0}) == 8 * GiB);
  CHECK(fit({.model = model, .runtime = sharpinference(), .device = 4 * GiB}, q4_0(model))
            .safe_n_ctx == 0);
}

TEST_CASE("layers that SharpInference leaves on the host take their weights and caches along") {
  const ModelInfo model = uniform_model(4, 8, 128);
  Workload w;
  w.n_ctx = 2048;
  w.n_gpu_layers = 1;
  const Placement context = context_estimate(model, w, sharpinference()).bytes;
  CHECK(3 * context.device == context.host);
}

TEST_CASE("SharpInference refuses what its cache rules do not cover, and foreign cache types") {
  const auto refused = [](const ModelInfo& model, const char* name) {
    Workload w;
    w.type_k = w.type_v = name == nullptr ? nullptr : &type(name);
    const auto error = sharpinference_runtime.rules->refusal(model, w);
    return error ? error->message : "";
  };
  const ModelInfo model = uniform_model(4, 8, 128);
  CHECK(refused(model, nullptr).empty());
  CHECK(refused(model, "q8_0").empty());
  CHECK(refused(model, "f16") == "SharpInference has no cache type f16");
  CHECK(refused(uniform_model(4, 1, 48), "q8_0") ==
        "a q8_0 cache needs rows of whole blocks of 32 values");
  CHECK(refused(test::model_of_file("deepseek-ai__DeepSeek-V3"), nullptr) ==
        "SharpInference's rules for a latent cache (deepseek2) are not known");
  Workload w;
  w.type_k = &type("bf16");
  w.type_v = &type("q8_0");
  REQUIRE(sharpinference_runtime.rules->refusal(model, w));
  CHECK(sharpinference_runtime.rules->refusal(model, w)->message ==
        "SharpInference keeps K and V in one type");
}
