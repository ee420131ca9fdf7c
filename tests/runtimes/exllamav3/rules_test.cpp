#include "runtimes/exllamav3/rules.hpp"

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "pricing/rules.hpp"
#include "support/configs.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& runtime() { return *find_runtime("exllamav3"); }

Workload workload(std::uint64_t n_ctx, const char* k = "F16", const char* v = nullptr) {
  Workload w;
  w.n_ctx = n_ctx;
  w.type_k = find_tensor_type(k);
  w.type_v = find_tensor_type(v == nullptr ? k : v);
  return w;
}

std::uint64_t context(const ModelInfo& model, std::uint64_t n_ctx, const char* k = "F16",
                      const char* v = nullptr) {
  return context_estimate(model, workload(n_ctx, k, v), runtime()).bytes.device.count;
}

std::string reason(const ModelInfo& model, const char* type = "F16") {
  const auto error = exllamav3_runtime.rules->refusal(model, workload(8192, type));
  return error ? error->message : "";
}

}  // namespace

TEST_CASE("exllamav3 keeps pages of 256 tokens, in f16 two bytes a value") {
  const ModelInfo model = uniform_model(32, 8, 128);
  CHECK(context(model, 8192) == std::uint64_t{1} << 30);
  CHECK(context(model, 8193) == context(model, 8448));
  CHECK(context(model, 0) == 0);
}

TEST_CASE("exllamav3's sequences share the pages") {
  const ModelInfo model = uniform_model(32, 8, 128);
  Workload w = workload(8192);
  w.n_seq = 4;
  CHECK(context_estimate(model, w, runtime()).bytes.device == GiB);
}

TEST_CASE("exllamav3's quantized caches take n bits and a 16-bit scale per 32 values") {
  const ModelInfo model = uniform_model(1, 8, 128);
  constexpr std::uint64_t values = 1024 * 8192;  // of K, and of V
  CHECK(context(model, 8192, "Q4") == 2 * values * 5625 / 10000);
  CHECK(context(model, 8192, "Q6") == 2 * values * 8125 / 10000);
  CHECK(context(model, 8192, "Q8") == 2 * values * 10625 / 10000);
}

TEST_CASE("K and V have bits of their own, from 2 to 8") {
  const ModelInfo model = uniform_model(1, 8, 128);
  constexpr std::uint64_t values = 1024 * 8192;
  for (std::uint64_t k = 2; k <= 8; ++k)
    for (std::uint64_t v = 2; v <= 8; ++v)
      CHECK(context(model, 8192, ("Q" + std::to_string(k)).c_str(),
                    ("Q" + std::to_string(v)).c_str()) ==
            values / 32 * (4 * k + 2) + values / 32 * (4 * v + 2));
}

TEST_CASE("MLA is a latent of 1152 bytes a token and layer, of which the rope part stays f16") {
  const ModelInfo model = test::model_of_file("deepseek-ai__DeepSeek-V3");
  CHECK(context(model, 8192) == 61ULL * 1152 * 8192);
  CHECK(context(model, 8192, "Q4") == 61ULL * (512 / 32 * 18 + 64 * 2) * 8192);
}

TEST_CASE("window layers are rings of window + 512 tokens in f16, one for each of 16 slots") {
  constexpr std::uint64_t row = 8192;  // K and V of a token and layer
  CHECK(context(gemma_3_27b(), 131072) == row * (10 * 131072 + 52 * 16 * 1536));
  CHECK(context(gemma_3_27b(), 131072, "Q8") ==
        row / 2 / 32 * 34 * 10 * 131072 + row * 52 * 16 * 1536);
  Workload w = workload(131072);
  w.n_seq = 32;
  CHECK(context_estimate(gemma_3_27b(), w, runtime()).bytes.device.count ==
        row * (10 * 131072 + 52 * 32 * 1536));
  const ModelInfo odd = windowed_model(1, 1, 64, 1000, 0);
  CHECK(context(odd, 131072) == 2ULL * 64 * 2 * 16 * 1536);
}

TEST_CASE("exllamav3 refuses what it cannot load") {
  CHECK(reason(test::model_of_file("Qwen__Qwen3-32B")).empty());
  CHECK(reason(test::model_of_file("google__gemma-4-31B-it")).empty());
  CHECK(reason(test::model_of_file("openai__gpt-oss-20b")).empty());
  CHECK(reason(test::model_of_file("deepseek-ai__DeepSeek-V2-Lite")) ==
        "exllamav3 has no model of type deepseek_v2");
  CHECK(reason(test::model_of_file("state-spaces__mamba2-780m")) ==
        "exllamav3 has no model of type mamba2");
  const ModelInfo file = uniform_model(4, 8, 128);
  CHECK(reason(file).empty());
  CHECK(reason(file, "Q8_0") == "exllamav3 has no cache type q8_0");
  CHECK(reason(file, "FP8") == "exllamav3 has no cache type fp8");
}

TEST_CASE("exllamav3 loads EXL checkpoints and names one for a GGUF scheme") {
  CHECK_FALSE(refusal({}, *find_scheme("EXL3-4.0"), runtime()));
  REQUIRE(refusal({}, *find_scheme("Q4_K_M"), runtime()));
  CHECK(refusal({}, *find_scheme("Q4_K_M"), runtime())->message ==
        "exllamav3 does not load GGUF files (Q4_K_M)");
}
