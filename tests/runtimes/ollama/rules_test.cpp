#include "runtimes/ollama/rules.hpp"

#include <string>
#include <utility>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/estimate.hpp"
#include "pricing/rules.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& ollama() { return *find_runtime("ollama"); }
const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

Workload of_default(std::uint64_t n_ctx) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_batch = w.n_ubatch = 0;
  return w;
}

}  // namespace

TEST_CASE("Ollama: the default context goes by the memory of all cards") {
  const ModelInfo model = uniform_model(2, 8, 128);
  CHECK(ollama_runtime.rules->defaults(model, std::nullopt).n_ctx == 4096);
  CHECK(ollama_runtime.rules->defaults(model, Device{12 * GiB}).n_ctx == 4096);
  CHECK(ollama_runtime.rules->defaults(model, Device{23 * GiB}).n_ctx == 32'768);
  CHECK(ollama_runtime.rules->defaults(model, Device{47 * GiB}).n_ctx == 262'144);
  CHECK(ollama_runtime.rules->defaults(model, Device{47 * GiB}).n_seq == 1);
}

TEST_CASE("Ollama: the batch goes by the context of one sequence") {
  CHECK(llama_server_workload(of_default(4096)).n_batch == 512);
  CHECK(llama_server_workload(of_default(4097)).n_ubatch == 1024);
  CHECK(llama_server_workload(of_default(32'769)).n_ubatch == 2048);
  Workload two = of_default(8192);
  two.n_seq = 2;
  CHECK(llama_server_workload(two).n_ubatch == 512);
  two.n_batch = 256;
  CHECK(llama_server_workload(two).n_ubatch == 256);
}

TEST_CASE("Ollama: memory is that of llama-server with its settings") {
  const ModelInfo model = gemma_3_27b();
  const Workload w = of_default(16'384);
  Workload server = w;
  server.n_batch = server.n_ubatch = 1024;
  const auto own = estimate(model, stored_weights(model), w, ollama());
  const auto same = estimate(model, stored_weights(model), server, llama_cpp());
  CHECK(own.context.device == same.context.device);
  CHECK(own.compute.device == same.compute.device);
  CHECK(own.device_total() == same.device_total());
  const auto steps = explain(model, stored_weights(model), w, ollama());
  const auto theirs = explain(model, stored_weights(model), server, llama_cpp());
  REQUIRE(steps.size() == theirs.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CHECK(steps[i].figure == theirs[i].figure);
    CHECK(steps[i].formula == theirs[i].formula);
    CHECK(steps[i].value == theirs[i].value);
    if (steps[i].figure == "total (device)") CHECK(steps[i].value == own.device_total().count);
  }
}

TEST_CASE("Ollama: some architectures run with one sequence, and cache types are three") {
  ModelInfo model = uniform_model(2, 8, 128);
  Workload w = of_default(4096);
  w.n_seq = 2;
  CHECK_FALSE(refusal(model, w, ollama()));
  model.architecture = "qwen35";
  CHECK(refusal(model, w, ollama())->message ==
        "Ollama runs architecture 'qwen35' with one sequence");
  w.n_seq = 1;
  w.type_k = w.type_v = find_tensor_type("q8_0");
  CHECK_FALSE(refusal(model, w, ollama()));
  w.type_k = w.type_v = find_tensor_type("q5_1");
  CHECK(refusal(model, w, ollama())->message == "Ollama has no KV cache of q5_1");
  w.type_v = nullptr;
  CHECK(refusal(model, w, ollama())->message ==
        "Ollama has no KV cache of q5_1 keys and f16 values");
}

TEST_CASE("Ollama: its settings are environment variables") {
  const ModelInfo model = uniform_model(2, 8, 128);
  Workload w = of_default(16'384);
  w.n_seq = 2;
  CHECK(ollama_runtime.rules->launch(model, "", w) ==
        "OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_NUM_PARALLEL=2 ollama serve");
  w.type_k = w.type_v = find_tensor_type("q8_0");
  CHECK(ollama_runtime.rules->launch(model, "", w) ==
        "OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_NUM_PARALLEL=2 OLLAMA_FLASH_ATTENTION=1 "
        "OLLAMA_KV_CACHE_TYPE=q8_0 ollama serve");
}

// ollama 0.32.15 on a GTX 1660 SUPER (6 GB) and an RTX 3060 (12 GB), both with 4096 tokens by
// default, 2026-08-23. The size adds up figures that llama-server prints in hundredths of a MiB.
TEST_CASE("Ollama: the sizes that its api/ps gave are model, context and compute") {
  const auto catalog = parse_catalog(embedded_models(), "models.json");
  const std::pair<const char*, std::uint64_t> logged[] = {
      {"meta-llama/Llama-3.2-3B-Instruct", 2'554'708'622},
      {"Qwen/Qwen2.5-1.5B-Instruct", 1'166'236'712},
      {"Qwen/Qwen2.5-3B-Instruct", 2'159'374'499},
      {"Qwen/Qwen2.5-7B-Instruct", 4'748'056'984},
      {"Qwen/Qwen2.5-14B-Instruct", 9'470'098'799}};
  std::size_t found = 0;
  for (const auto& [name, size] : logged) {
    for (const auto& entry : *catalog) {
      if (entry.name != name) continue;
      ++found;
      const auto model = *model_of(entry);
      Workload w = of_default(ollama_runtime.rules->defaults(model, Device{12 * GiB}).n_ctx);
      const auto weights = quantize(model, *find_scheme("Q4_K_M"));
      const auto memory = estimate(model, weights, w, ollama());
      const std::uint64_t ours = (memory.device_total() - memory.overhead.device).count;
      const std::uint64_t rounding = 3 * MiB.count / 200;
      INFO(name << ": " << ours << ", logged " << size);
      CHECK(ours <= size + rounding);
      CHECK(size <= ours + rounding);
    }
  }
  CHECK(found == 5);
}
