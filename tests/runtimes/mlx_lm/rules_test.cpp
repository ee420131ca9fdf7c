#include "runtimes/mlx_lm/rules.hpp"

#include <algorithm>

#include "catch.hpp"
#include "families/family.hpp"
#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"
#include "runtimes/mlx_lm/models.hpp"
#include "support/configs.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& runtime() { return *find_runtime("mlx-lm"); }

Workload workload(std::uint64_t n_ctx, const char* type = "F16") {
  Workload w;
  w.n_ctx = n_ctx;
  w.backend = "metal";
  w.type_k = w.type_v = find_tensor_type(type);
  return w;
}

std::uint64_t context(const ModelInfo& model, std::uint64_t n_ctx, const char* type = "F16") {
  return context_estimate(model, workload(n_ctx, type), runtime()).bytes.device.count;
}

ModelInfo of_type(ModelInfo model, const char* model_type) {
  model.model_type = model_type;
  return model;
}

std::string reason(const ModelInfo& model, const char* type = "F16") {
  const auto error = mlx_lm_runtime.rules->refusal(model, workload(8192, type));
  return error ? error->message : "";
}

}  // namespace

TEST_CASE("mlx-lm's caches grow in steps of 256 tokens") {
  const ModelInfo model = of_type(uniform_model(32, 8, 128), "llama");
  CHECK(context(model, 8192) == std::uint64_t{1} << 30);
  CHECK(context(model, 8193) == context(model, 8448));
  CHECK(context(model, 0) == 0);
}

TEST_CASE("mlx-lm's sequences each have caches of their own") {
  const ModelInfo model = of_type(uniform_model(32, 8, 128), "llama");
  Workload w = workload(4 * 1000);
  w.n_seq = 4;
  CHECK(context_estimate(model, w, runtime()).bytes.device.count == 4 * context(model, 1024));
}

TEST_CASE("a rotating cache holds the window and a prefill step less one") {
  const ModelInfo model = test::model_of_file("google__gemma-3-27b-it");
  CHECK(context(gemma_3_27b(), 131072) == 10ULL * 8192 * 131072 + 52ULL * 8192 * (1024 + 2048 - 1));
  CHECK(mlx_lm_runtime.rules->honours_window(model));
  Workload w = workload(131072);
  w.n_batch = 512;
  CHECK(context_estimate(gemma_3_27b(), w, runtime()).bytes.device.count ==
        10ULL * 8192 * 131072 + 52ULL * 8192 * (1024 + 512 - 1));
  CHECK(context(gemma_3_27b(), 1024) == 62ULL * 8192 * 1024);
}

TEST_CASE("only the listed model types rotate: Gemma 2, Phi-3 and Mistral v0.1 keep every token") {
  for (const char* type : {"gemma2", "phi3", "mistral", "llama"}) {
    INFO(type);
    const ModelInfo model = of_type(windowed_model(12, 4, 64, 512, 6), type);
    CHECK_FALSE(mlx_lm_runtime.rules->honours_window(model));
    CHECK(context(model, 8192) == 12ULL * 1024 * 8192);
  }
  for (const char* type :
       {"afmoe", "baichuan_m1", "cohere2", "exaone4", "exaone_moe", "gemma3_text", "gemma3n",
        "gemma4_text", "gpt_oss", "iquestloopcoder", "laguna", "mellum", "mimo_v2_flash",
        "ministral3", "olmo3", "recurrent_gemma", "step3p5"}) {
    INFO(type);
    const ModelInfo model = of_type(windowed_model(12, 4, 64, 512, 6), type);
    CHECK(mlx_lm_runtime.rules->honours_window(model));
    CHECK(context(model, 8192) == 1024ULL * (2 * 8192 + 10 * (512 + 2047)));
  }
}

TEST_CASE("Llama 4's chunks are trimmed to a chunk before each prefill step is added") {
  ModelInfo model = of_type(uniform_model(4, 8, 128), "llama4");
  for (const std::size_t i : {0U, 1U, 2U}) {
    model.layers[i].caches[0].growth = Growth::chunked;
    model.layers[i].caches[0].span = 8192;
  }
  CHECK(context(model, 131072) == 4096ULL * (131072 + 3 * (8192 + 2048)));
  CHECK(context(model, 4096) == 4096ULL * 4 * 4096);
}

TEST_CASE("quantized caches take n bits and a 16-bit scale and bias per 64 values") {
  const ModelInfo model = of_type(uniform_model(1, 8, 128), "llama");
  constexpr std::uint64_t values = 2 * 1024 * 131072;
  CHECK(context(model, 131072, "Q8") == values / 64 * 68);
  CHECK(context(model, 131072, "Q4") == values / 64 * 36);
  CHECK(context(model, 131072, "Q6") == values / 64 * 52);
}

TEST_CASE("mlx-lm quantizes a cache after 5000 tokens; the 16-bit one before it is the peak") {
  const ModelInfo model = of_type(uniform_model(1, 8, 128), "llama");
  for (const std::uint64_t n_ctx : {256U, 4096U, 5000U})
    CHECK(context(model, n_ctx, "Q8") == context(model, n_ctx));
  CHECK(context(model, 6144, "Q4") == context(model, 6144));
  CHECK(context(model, 8192, "Q4") == context(model, 6144));
  CHECK(context(model, 16384, "Q8") == 2ULL * 1024 * 16384 / 64 * 68);
}

TEST_CASE("mlx-lm caches the latent of DeepSeek V3 and the heads of V2") {
  CHECK(context(test::model_of_file("deepseek-ai__DeepSeek-V3"), 4096) == 61ULL * 576 * 2 * 4096);
  CHECK(context(test::model_of_file("moonshotai__Kimi-K2-Instruct"), 4096) ==
        61ULL * 576 * 2 * 4096);
  CHECK(context(test::model_of_file("deepseek-ai__DeepSeek-V2-Lite"), 4096) ==
        27ULL * 16 * (192 + 128) * 2 * 4096);
}

TEST_CASE("recurrent states do not grow with the context") {
  const ModelInfo model = test::model_of_file("state-spaces__mamba2-780m");
  CHECK(context(model, 1024) > 0);
  CHECK(context(model, 1024) == context(model, 131072));
}

TEST_CASE("mlx-lm's budget on a Mac is Metal's working set: 2/3 of the RAM, 3/4 from 64 GB on") {
  const auto cards = parse_gpus(embedded_gpus(), "gpus.json");
  REQUIRE(cards);
  std::size_t seen = 0;
  for (const GpuCard& card : *cards) {
    if (card.vendor != "apple" || card.visible != Bytes{}) continue;
    ++seen;
    INFO(card.display);
    const auto gpu = find_gpu(*cards, card.display);
    REQUIRE(gpu);
    const Bytes ram = card.marketed;
    const Bytes budget = runtime().rules->budget(Device(gpu->vram), Workload{});
    CHECK(budget == (ram < 64 * GiB ? ram * 2 / 3 : ram * 3 / 4));
  }
  CHECK(seen > 0);
  CHECK(runtime().rules->budget(Device(240 * GiB), Workload{}) == 240 * GiB);
}

TEST_CASE("mlx-lm runs on Metal only") {
  CHECK(runtime().backends == "metal");
  CHECK(runtime().about.find("Apple silicon only") != std::string_view::npos);
}

TEST_CASE("mlx-lm refuses what it cannot load") {
  const ModelInfo model = of_type(uniform_model(4, 8, 128), "llama");
  CHECK(reason(model).empty());
  CHECK(reason(of_type(model, "grok-1")) == "mlx-lm has no model of type grok-1");
  CHECK(refusal({}, *find_scheme("Q4_K_M"), runtime())->message ==
        "mlx-lm does not load GGUF files (Q4_K_M)");
  for (const char* name :
       {"google__gemma-3-12b-it", "openai__gpt-oss-20b", "Qwen__Qwen3.5-27B",
        "Qwen__Qwen3-Next-80B-A3B-Instruct", "google__gemma-4-E4B-it", "mistralai__Mistral-7B-v0.1",
        "meta-llama__Llama-4-Scout-17B-16E-Instruct", "deepseek-ai__DeepSeek-V3.2"}) {
    INFO(name);
    CHECK(reason(test::model_of_file(name)).empty());
  }
}

TEST_CASE("mlx-lm refuses to quantize rotating and latent caches, and heads that 64 splits") {
  const ModelInfo model = of_type(uniform_model(4, 8, 128), "llama");
  CHECK(reason(model, "Q8").empty());
  CHECK(reason(model, "Q8_0") == "mlx-lm has no cache type q8_0");
  CHECK(reason(model, "Q5") == "mlx-lm has no cache type q5");
  CHECK(reason(of_type(gemma_3_27b(), "gemma3_text"), "Q8") ==
        "mlx-lm cannot quantize the rotating caches of gemma3_text models");
  Workload two = workload(8192, "Q8");
  two.type_v = find_tensor_type("Q4");
  const auto mixed = mlx_lm_runtime.rules->refusal(model, two);
  REQUIRE(mixed);
  CHECK(mixed->message == "mlx-lm keeps K and V in one type");
  CHECK(mixed->hint == "give both the same, e.g. --kv-type q8");
  CHECK(reason(test::model_of_file("deepseek-ai__DeepSeek-V3"), "Q8") ==
        "mlx-lm cannot quantize the latent cache of deepseek_v3 models");
  CHECK(reason(of_type(uniform_model(4, 8, 96), "llama"), "Q8") ==
        "mlx-lm quantizes caches in groups of 64, which do not divide heads of 96 values");
}

TEST_CASE("every type that mlx-lm rotates is found by its own name") {
  std::size_t n_type = 0;
  const auto check = [&](std::string_view types, MlxCache cache) {
    while (!types.empty()) {
      const auto end = std::min(types.find(' '), types.size());
      ModelInfo model = uniform_model(1, 1, 64);
      model.model_type = std::string(types.substr(0, end));
      INFO(model.model_type);
      const auto loaded = mlx_model(model);
      REQUIRE(loaded);
      CHECK(loaded->type == model.model_type);
      CHECK(loaded->cache == cache);
      types.remove_prefix(std::min(end + 1, types.size()));
      ++n_type;
    }
  };
  for (const auto rows : {families(), strangers()})
    for (const Family* row : rows) {
      const MlxModels& models = row->elsewhere.mlx_lm;
      check(models.plain, MlxCache::plain);
      check(models.rotating, MlxCache::rotating);
      check(models.chunked, MlxCache::chunked);
      check(models.latent, MlxCache::latent);
      check(models.expanded, MlxCache::expanded);
    }
  CHECK(n_type == 106);
  const ModelInfo text = of_type(uniform_model(1, 1, 64), "qwen3_5_text");
  CHECK(mlx_model(text));
}
