// What holds for the runtimes of one device and every architecture of the table.
#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "support/configs.hpp"
#include "support/generic_facts.hpp"

using namespace fitvram;

namespace {

const std::vector<std::string_view> own_rules = {"sharpinference", "mlx-lm", "mlxcel", "exllamav3"};

const Runtime& row(std::string_view name) { return *find_runtime(name); }

Workload workload_of(const Runtime& runtime, std::uint64_t n_ctx) {
  Workload w;
  w.n_ctx = n_ctx;
  w.backend = runtime.backends.substr(0, runtime.backends.find(' '));
  return w;
}

Weights flat(Bytes bytes) {
  Weights weights;
  weights.flat = bytes;
  return weights;
}

template <typename Check>
void for_every_pair(Check check) {
  for (const std::string_view name : own_rules) {
    for (const Family* family : families()) {
      if (family->load.projector) continue;
      INFO(name << " " << family->gguf);
      check(row(name), test::generic_model(*family));
    }
  }
}

}  // namespace

TEST_CASE("no architecture's context shrinks from one token to the next step, refused or not") {
  for_every_pair([](const Runtime& runtime, const ModelInfo& model) {
    Bytes before;
    for (const std::uint64_t n_ctx :
         {1U, 255U, 256U, 257U, 4096U, 5000U, 5001U, 8192U, 32768U, 131072U, 200000U}) {
      const Workload w = workload_of(runtime, n_ctx);
      const Bytes now = context_estimate(model, w, runtime).bytes.device;
      CHECK(now >= before);
      before = now;
    }
  });
}

TEST_CASE("a window never costs more than the full context, but for exllamav3's slots") {
  for (const char* name : {"sharpinference", "mlx-lm", "mlxcel"}) {
    for (const Family* family : families()) {
      if (family->load.projector) continue;
      INFO(name << " " << family->gguf);
      const ModelInfo windowed = test::generic_model(*family);
      ModelInfo full = windowed;
      for (auto& layer : full.layers)
        for (auto& slot : layer.caches)
          if (slot.growth == Growth::sliding || slot.growth == Growth::chunked)
            slot.growth = Growth::full, slot.span = 0;
      const Workload w = workload_of(row(name), 65536);
      CHECK(context_estimate(windowed, w, row(name)).bytes.device <=
            context_estimate(full, w, row(name)).bytes.device);
    }
  }
}

TEST_CASE("safe and max context are where the verdict changes") {
  for (const char* name : {"mlx-lm", "mlxcel", "exllamav3"}) {
    INFO(name);
    const Runtime& runtime = row(name);
    const ModelInfo model = test::model_of_file("Qwen__Qwen3-8B");
    Workload w = workload_of(runtime, 8192);
    const Device device(9 * GiB);
    const Weights weights = flat(5 * GiB);
    const Fit result = fit(
        {.model = model, .runtime = runtime, .workload = w, .device = device, .extend_ctx = true},
        weights);
    REQUIRE(result.max_n_ctx > 0);
    const auto verdict_at = [&](std::uint64_t n_ctx) {
      w.n_ctx = n_ctx;
      return fit({.model = model,
                  .runtime = runtime,
                  .workload = w,
                  .device = device,
                  .extend_ctx = true},
                 weights)
          .verdict;
    };
    CHECK(verdict_at(result.max_n_ctx) != Verdict::no);
    CHECK(verdict_at(result.max_n_ctx + 256) == Verdict::no);
  }
}
