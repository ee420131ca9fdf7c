// What holds for every runtime and every architecture of the table.
#include <algorithm>
#include <memory>

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "support/arithmetic.hpp"
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
    for (const auto& arch : architectures()) {
      if (arch.gguf == "clip") continue;
      INFO(name << " " << arch.gguf);
      check(row(name), test::generic_model(arch));
    }
  }
}

}  // namespace

TEST_CASE("under every runtime no architecture's context shrinks as it gets longer") {
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

TEST_CASE("under every runtime the parts of every architecture add up") {
  for_every_pair([](const Runtime& runtime, const ModelInfo& model) {
    for (const std::uint64_t n_ctx : {1U, 5000U, 65536U}) {
      const Workload w = workload_of(runtime, n_ctx);
      const MemoryEstimate memory = estimate(model, flat(GiB), w, runtime);
      Bytes caches;
      for (const auto& cache : memory.caches) caches += cache.bytes;
      CHECK(caches == memory.context.device + memory.context.host);
      CHECK(memory.model.device == GiB);
      CHECK(memory.device_total() == memory.model.device + memory.context.device +
                                         memory.compute.device + memory.overhead.device);
    }
  });
}

TEST_CASE("under every runtime the need of every architecture grows with the context") {
  for_every_pair([](const Runtime& runtime, const ModelInfo& model) {
    Bytes before;
    for (const std::uint64_t n_ctx : {256U, 1024U, 4096U, 16384U, 131072U}) {
      const Workload w = workload_of(runtime, n_ctx);
      const Bytes need = estimate(model, flat(GiB), w, runtime).device_total();
      CHECK(need >= before);
      before = need;
    }
  });
}

TEST_CASE("a window never costs more than the full context, but for exllamav3's slots") {
  for (const char* name : {"sharpinference", "mlx-lm", "mlxcel"}) {
    for (const auto& arch : architectures()) {
      if (arch.gguf == "clip") continue;
      INFO(name << " " << arch.gguf);
      const ModelInfo windowed = test::generic_model(arch);
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

TEST_CASE("every runtime's steps evaluate to the figures that they explain") {
  for_every_pair([](const Runtime& runtime, const ModelInfo& model) {
    REQUIRE(runtime.rules.explain != nullptr);
    const Workload w = workload_of(runtime, 10000);
    const MemoryEstimate memory = estimate(model, flat(GiB), w, runtime);
    std::vector<Step> steps;
    runtime.rules.explain(model, flat(GiB), w, memory, steps);
    std::uint64_t context = 0;
    for (const Step& step : steps) {
      INFO(step.figure << " = " << step.formula);
      CHECK(Arithmetic::value(step.formula) == step.value);
      CHECK_FALSE(step.rule.empty());
      if (step.figure.starts_with("context")) context += step.value;
    }
    CHECK(context == (memory.context.device + memory.context.host).count);
  });
}

TEST_CASE("safe and max context are where the verdict changes") {
  for (const char* name : {"mlx-lm", "mlxcel", "exllamav3"}) {
    INFO(name);
    const Runtime& runtime = row(name);
    const ModelInfo model = test::model_of_file("Qwen__Qwen3-8B");
    Workload w = workload_of(runtime, 8192);
    const Device device(9 * GiB);
    const Weights weights = flat(5 * GiB);
    const Fit result = fit(model, weights, w, runtime, device, {}, true);
    REQUIRE(result.max_n_ctx > 0);
    const auto verdict_at = [&](std::uint64_t n_ctx) {
      w.n_ctx = n_ctx;
      return fit(model, weights, w, runtime, device, {}, true).verdict;
    };
    CHECK(verdict_at(result.max_n_ctx) != Verdict::no);
    CHECK(verdict_at(result.max_n_ctx + 256) == Verdict::no);
  }
}

TEST_CASE("the ladder of a runtime names schemes that it loads, from most to fewest bits") {
  for (const std::string_view name : own_rules) {
    INFO(name);
    std::string_view ladder = row(name).ladder;
    std::uint32_t before = UINT32_MAX;
    while (!ladder.empty()) {
      const std::size_t space = std::min(ladder.find(' '), ladder.size());
      const Scheme* scheme = find_scheme(ladder.substr(0, space));
      REQUIRE(scheme != nullptr);
      CHECK(scheme->millibits < before);
      before = scheme->millibits;
      const bool unquantized = scheme->name == "BF16";
      CHECK((unquantized || row(name).loads(scheme->family)));
      ladder.remove_prefix(std::min(space + 1, ladder.size()));
    }
  }
}
