#include "fitvram/estimate.hpp"

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/parse.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

std::uint64_t context(const ModelInfo& model, std::uint64_t n_ctx, std::uint32_t n_seq = 1,
                      const char* type = "F16") {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_seq = n_seq;
  w.type_k = w.type_v = cache_type(type);
  return context_estimate(model, w, llama_cpp()).bytes.device.count;
}

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

}  // namespace

TEST_CASE("mlxcel's cache table comes out (hardware.rs @0096d4dc)") {
  CHECK(context(uniform_model(32, 32, 128), 8192) == 4 * gib);
  CHECK(context(uniform_model(32, 8, 128), 8192) == 1 * gib);
  CHECK(context(uniform_model(32, 8, 128), 131072) == 16 * gib);
  CHECK(context(uniform_model(32, 8, 128), 8192, 1, "INT8") * 2 ==
        context(uniform_model(32, 8, 128), 8192));
  CHECK(context(uniform_model(1, 1, 1), 256, 1, "INT8") == 512);
  CHECK(context(uniform_model(32, 8, 128), 1) == context(uniform_model(32, 8, 128), 256));
  CHECK(context(uniform_model(32, 8, 128), 255) == context(uniform_model(32, 8, 128), 256));
  CHECK(context(uniform_model(32, 8, 128), 257) == context(uniform_model(32, 8, 128), 512));
  CHECK(context(uniform_model(32, 8, 128), 4 * 8192, 4) ==
        4 * context(uniform_model(32, 8, 128), 8192));
  CHECK(context(uniform_model(32, 8, 128), 0) == 0);
}

TEST_CASE("Gemma-3-27B at 131072: 62.00 GiB if dense, 10.61 GiB as llama.cpp allocates it") {
  CHECK(context(uniform_model(62, 16, 128), 131072) == 66'571'993'088);
  CHECK(context(gemma_3_27b(), 131072) == 11'391'729'664);
}

TEST_CASE("a window never costs more than dense, nothing below it, and levels off above it") {
  const ModelInfo dense = uniform_model(62, 16, 128), blended = gemma_3_27b();
  const ModelInfo pure = windowed_model(62, 16, 128, 1024, 0);
  for (const std::uint64_t n_ctx :
       {1u, 256u, 1000u, 1024u, 1536u, 2048u, 8192u, 100000u, 131072u}) {
    INFO(n_ctx);
    CHECK(context(blended, n_ctx) <= context(dense, n_ctx));
    CHECK(context(pure, n_ctx) <= context(blended, n_ctx));
    if (n_ctx <= 1536) CHECK(context(blended, n_ctx) == context(dense, n_ctx));
  }
  CHECK(context(pure, 8192) == context(pure, 131072));
}

TEST_CASE("a model without windows costs the same byte for byte whatever the window rule") {
  ModelInfo none = uniform_model(62, 16, 128);
  none.architecture = "gemma3";
  for (const std::uint64_t n_ctx : {512u, 8192u, 131072u})
    CHECK(context(none, n_ctx) == context(uniform_model(62, 16, 128), n_ctx));
}

TEST_CASE("one layer in six full equals the published blend of cells") {
  const ModelInfo model = windowed_model(6, 16, 128, 1024, 6);
  const std::uint64_t per_cell = 16 * 128 * 2 * 2;
  CHECK(context(model, 8192) == per_cell * (8192 + 5 * 1536));
}

TEST_CASE("a window the runtime ignores costs the full context and says so") {
  ModelInfo mistral = windowed_model(32, 8, 128, 4096, 0);
  mistral.architecture = mistral.hparams.architecture = "llama";
  CHECK(context(mistral, 32768) == 4 * gib);
  const MemoryEstimate memory = estimate(mistral, Weights{}, Workload{}, llama_cpp());
  REQUIRE(memory.notes.size() == 1);
  CHECK(memory.notes[0].code == "window-ignored");
}

TEST_CASE("compute buffers by the formula are assumed, and a warning says so") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  const auto entry = find_model(*catalog, "Qwen/Qwen3-8B");
  REQUIRE(entry);
  auto model = model_of(**entry);
  REQUIRE(model);
  const auto estimated = [&] { return estimate(*model, Weights{}, Workload{}, llama_cpp()); };
  CHECK(estimated().notes.empty());
  CHECK(estimated().compute_provenance == Provenance::derived);
  const auto check_assumed = [&](const std::string& name) {
    const MemoryEstimate memory = estimated();
    CHECK(memory.compute_provenance == Provenance::assumed);
    REQUIRE(memory.notes.size() == 1);
    CHECK(memory.notes[0].code == "compute-assumed");
    CHECK(memory.notes[0].message ==
          "the compute graph of '" + name +
              "' is not modelled: its buffers follow a formula and may be far off");
  };
  SECTION("for an architecture whose graph is not restated") {
    model->architecture = "qwen4exp";
    check_assumed("qwen4exp");
  }
  SECTION("for tensors of which the graph cannot be built") {
    model->tensors.resize(1);
    check_assumed("qwen3");
  }
}

TEST_CASE(
    "quantized caches take whole blocks, and CUDA completes a row to 512 values once a tensor") {
  CHECK(context(uniform_model(1, 8, 128), 8192, 1, "Q8_0") == 2 * (8192 * 1024 / 32 * 34));
  const std::uint64_t odd = context(uniform_model(1, 5, 64), 256, 1, "Q8_0");
  CHECK(odd == 2 * (256 * 320 / 32 * 34 + (512 - 320) / 32 * 34 + 52));
  CHECK((256 * 320 / 32 * 34 + (512 - 320) / 32 * 34 + 52) % 128 == 0);
}

TEST_CASE("without flash attention every layer's V is as wide as the widest") {
  ModelInfo model = uniform_model(2, 8, 128);
  model.layers[1].caches[0].shape = {4, 128, 128};
  Workload w;
  w.n_ctx = 256;
  const Bytes with = context_estimate(model, w, llama_cpp()).bytes.device;
  w.flash_attn = FlashAttention::off;
  const Bytes without = context_estimate(model, w, llama_cpp()).bytes.device;
  CHECK(without - with == Bytes{256 * 2 * 4 * 128});
}

TEST_CASE("layers beyond -ngl and caches under --no-kv-offload stay on the host") {
  const ModelInfo model = uniform_model(4, 8, 128);
  Workload w;
  w.n_gpu_layers = 3;  // the output layer and two blocks
  const Placement split = context_estimate(model, w, llama_cpp()).bytes;
  CHECK(split.device == split.host);
  w.offload_kqv = false;
  CHECK(context_estimate(model, w, llama_cpp()).bytes.device == Bytes{0});
  CHECK(context_estimate(model, w, llama_cpp()).bytes.host == split.device + split.host);
}

TEST_CASE("parts add up to totals, and more context never costs less") {
  for (const ModelInfo& model :
       {uniform_model(8, 4, 64), gemma_3_27b(), windowed_model(9, 2, 256, 512, 3)}) {
    Bytes before;
    for (std::uint64_t n_ctx = 1; n_ctx <= 131072; n_ctx += 777) {
      Workload w;
      w.n_ctx = n_ctx;
      const MemoryEstimate memory = estimate(model, Weights{}, w, llama_cpp());
      Bytes caches;
      for (const auto& cache : memory.caches) caches += cache.bytes;
      REQUIRE(caches == memory.context.device + memory.context.host);
      REQUIRE(memory.device_total() >= before);
      before = memory.device_total();
    }
  }
}

TEST_CASE("layers cost the sum of what each costs alone") {
  const ModelInfo model = gemma_3_27b();
  Bytes sum;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    ModelInfo one = model;
    for (std::size_t j = 0; j < one.layers.size(); ++j)
      if (j != i) one.layers[j].caches.clear();
    sum += context_estimate(one, Workload{}, llama_cpp()).bytes.device;
  }
  CHECK(sum == context_estimate(model, Workload{}, llama_cpp()).bytes.device);
}

TEST_CASE("absurd sizes saturate and are too big rather than small") {
  ModelInfo model = uniform_model(4096, UINT32_MAX, UINT32_MAX);
  Workload w;
  w.n_ctx = UINT64_MAX / 2;
  w.n_seq = UINT32_MAX;
  CHECK(context_estimate(model, w, llama_cpp()).bytes.device == Bytes{UINT64_MAX});
}

TEST_CASE("the parameters-only heuristic gives its published figures (whichllm PR #124)") {
  CHECK(context_of_params(27'000'000'000, 131072, 0, 0) == Bytes{12'683'575'296});
  CHECK(context_of_params(27'000'000'000, 131072, 1024, 6) == Bytes{2'196'504'575});
  CHECK(context_of_params(7'000'000'000, 131072, 0, 0) == Bytes{3'288'334'336});
  CHECK(context_of_params(7'000'000'000, 4096, 0, 0) == Bytes{102'760'448});
  CHECK(context_of_params(7'000'000'000, 32768, 0, 0) == Bytes{822'083'584});
  CHECK(context_of_params(7'000'000'000, 1024, 4096, 2) ==
        context_of_params(7'000'000'000, 1024, 0, 0));
}

TEST_CASE(
    "a model known only by its parameter count is priced by the heuristic and marked assumed") {
  const ModelInfo model = model_of_params(27'000'000'000, "gemma-3-27b-it");
  Workload w;
  w.n_ctx = 131072;
  const MemoryEstimate memory = estimate(model, Weights{}, w, llama_cpp());
  CHECK(memory.context.device == Bytes{2'196'504'575});
  CHECK(memory.context_provenance == Provenance::assumed);
  const ModelInfo plain = model_of_params(7'000'000'000, "mistral-7b");
  CHECK(estimate(plain, Weights{}, w, llama_cpp()).context.device == Bytes{3'288'334'336});
}
