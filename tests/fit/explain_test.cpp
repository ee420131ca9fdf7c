#include <map>

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "support/arithmetic.hpp"
#include "support/fake_io.hpp"
#include "support/json_schema.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

}  // namespace

TEST_CASE("every printed formula evaluates to its figure") {
  for (const ModelInfo& model :
       {uniform_model(3, 5, 64), gemma_3_27b(), windowed_model(7, 2, 256, 512, 3)}) {
    for (const char* type : {"F16", "Q8_0", "Q4_0", "F32"}) {
      Workload w;
      w.n_seq = 3;
      w.n_gpu_layers = 4;
      w.type_k = w.type_v = cache_type(type);
      for (const auto& step : explain(model, Weights{}, w, llama_cpp())) {
        INFO(step.figure << ": " << step.formula);
        CHECK(Arithmetic::value(step.formula) == step.value);
      }
    }
  }
}

TEST_CASE("the explained caches add up to the context of the estimate") {
  const ModelInfo model = gemma_3_27b();
  const MemoryEstimate memory = estimate(model, Weights{}, Workload{}, llama_cpp());
  std::uint64_t sum = 0;
  for (const auto& step : explain(model, Weights{}, Workload{}, llama_cpp()))
    if (step.figure.rfind("context / ", 0) == 0) sum += step.value;
  CHECK(sum == memory.context.device.count);
}

TEST_CASE("a cache is explained by its layers, heads and cells") {
  const auto steps = explain(gemma_3_27b(), Weights{}, Workload{}, llama_cpp());
  const auto it = std::find_if(steps.begin(), steps.end(), [](const Step& step) {
    return step.figure == "context / kv sliding 1024";
  });
  REQUIRE(it != steps.end());
  CHECK(it->formula == "104 * (2048 * 2 * 1536)");
}

TEST_CASE("every figure that --explain prints is what its arithmetic comes to") {
  using namespace fitvram::test;
  const std::vector<std::vector<std::string>> questions = {
      {"gemma-3-27b", "--gpu", "RTX 4090"},
      {"gemma-3-27b", "--vram", "8G", "-ngl", "30", "-np", "3", "-ctk", "q8_0", "-ctv", "q8_0"},
      {"qwen3-8b", "-q", "Q4_K_M", "--vram", "24G", "--reserve", "1G"},
      {"deepseek-r1", "-q", "Q4_K_M", "--gpu", "8x H100 SXM"},
      {"mamba2-780m", "--vram", "1G"},
      {"tiny.gguf", "--vram", "2G"},
      {"tiny.gguf", "--vram", "100M"}};
  for (auto words : questions) {
    const auto name = words.front();
    words.insert(words.begin(), "estimate");
    words.insert(words.end(), {"--explain", "--json"});
    const auto result = Json::parse(run_words(words).out)["results"][0];
    std::map<std::string, std::uint64_t> figures;
    for (const auto& step : result["steps"]) {
      INFO(name << ": " << step.dump());
      CHECK(Arithmetic::value(step["formula"].get<std::string>()) == step["value"]);
      CHECK_FALSE(step["rule"].get<std::string>().empty());
      figures[step["figure"].get<std::string>()] = step["value"].get<std::uint64_t>();
    }
    INFO(name);
    for (const auto* const side : {"device", "host"})
      for (const auto& [key, bytes] : result["memory"][side].items()) {
        const auto part = key.substr(0, key.find('_'));
        const auto figure = part == "overhead" ? part : part + " (" + side + ")";
        if (bytes != 0 || figures.contains(figure)) CHECK(figures[figure] == bytes);
      }
    const auto& fit = result["fit"];
    CHECK(figures["reserve"] == fit["reserve_bytes"]);
    CHECK(figures["safe context"] == fit["safe_n_ctx"]);
    CHECK(figures["max context"] == fit["max_n_ctx"]);
    if (fit["free_bytes"] >= 0)
      CHECK(figures["free"] == fit["free_bytes"]);
    else
      CHECK(figures["lacking"] + fit["free_bytes"].get<std::uint64_t>() == 0);
    const auto budget = figures["budget"];
    for (const auto* const context : {"safe context", "max context"}) {
      const std::string here = std::string("needed at ") + context;
      const std::string above = std::string("needed at a step above ") + context;
      if (figures.contains(here)) CHECK(figures[here] <= budget);
      if (figures.contains(above)) CHECK(figures[above] > budget);
    }
    CHECK((figures["needed to fit"] <= budget) == (fit["verdict"] == "fits"));
  }
}

TEST_CASE("the contexts of a runtime that resolves a request are not refuted by their arithmetic") {
  using namespace fitvram::test;
  for (const auto* const runtime : {"sharpinference", "vllm", "sglang", "ollama", "transformers"}) {
    for (const auto* const model : {"gemma-3-12b", "qwen3-8b"}) {
      const auto result =
          Json::parse(run_words({"estimate", model, "--vram", "24G", "--runtime", runtime,
                                 "--reserve", "1G", "-np", "2", "--explain", "--json"})
                          .out)["results"][0];
      std::map<std::string, std::uint64_t> figures;
      for (const auto& step : result["steps"])
        figures[step["figure"].get<std::string>()] = step["value"].get<std::uint64_t>();
      for (const auto* const context : {"safe context", "max context"}) {
        const std::string here = std::string("needed at ") + context;
        const std::string above = std::string("needed at a step above ") + context;
        INFO(runtime << ", " << model << ", " << context);
        if (figures.contains(here)) CHECK(figures[here] <= figures["budget"]);
        if (figures.contains(above)) CHECK(figures[above] > figures["budget"]);
      }
    }
  }
}

TEST_CASE("what only a parameter count is known of says that its context is a heuristic") {
  const auto result = test::run_words({"estimate", "--params", "8B", "--vram", "24", "--explain"});
  CHECK(result.status == 0);
  CHECK(result.out.find("    = 234881024 bytes (224 MiB)\n"
                        "    3584 bytes per 10^9 parameters and token: a heuristic, off by "
                        "factors\n") != std::string::npos);
}

TEST_CASE("a context that a runtime chooses itself is explained by its own rule") {
  ModelInfo model = uniform_model(32, 8, 128);
  model.n_ctx_train = 131'072;
  const Runtime& runtime = *find_runtime("sharpinference");
  Weights weights;
  weights.flat = 8 * GiB;
  const auto rule_of_safe = [&](const ReservePolicy& reserve) {
    const FitRequest request = {
        .model = model, .runtime = runtime, .device = Device{24 * GiB}, .reserve = reserve};
    for (const Step& step : explain(fit(request, weights), request, weights))
      if (step.figure == "safe context") return step.rule;
    return std::string();
  };
  CHECK(rule_of_safe({}).find("SolveMaxCtxForKv") != std::string::npos);
  CHECK(rule_of_safe({Bytes{}}).find("<= budget") != std::string::npos);
}
