#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "support/arithmetic.hpp"
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
