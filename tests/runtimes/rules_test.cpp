// What holds for every runtime and every architecture.
#include "pricing/rules.hpp"

#include <map>
#include <set>
#include <tuple>

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "support/arithmetic.hpp"
#include "support/generic_facts.hpp"

using namespace fitvram;

namespace {

constexpr std::uint64_t lengths[] = {1, 16, 300, 4096, 8191, 32768, 131072};

struct Case {
  const Runtime* runtime;
  ModelInfo model;
  Weights weights;
  Workload workload;
};

Workload usual(const Runtime& runtime, const ModelInfo& model) {
  const Defaults defaults = runtime.rules->defaults(model, Device{80 * GiB});
  Workload w;
  w.backend = runtime.backends.substr(0, runtime.backends.find(' '));
  w.n_batch = defaults.n_batch;
  w.n_ubatch = defaults.n_ubatch;
  return w;
}

/// Every runtime with every architecture that it does not refuse.
template <typename Check>
void for_each_case(Check check) {
  std::map<std::string, int> priced;
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;  // no language model
    const ModelInfo model = test::generic_model(row);
    Weights weights;
    weights.flat = GiB;
    for (const auto& runtime : runtimes()) {
      const Workload w = usual(runtime, model);
      if (refusal(model, w, runtime)) continue;
      INFO(runtime.name << ", " << row.gguf);
      ++priced[std::string(runtime.name)];
      check(Case{&runtime, model, weights, w});
    }
  }
  for (const auto& runtime : runtimes()) {
    INFO(runtime.name);
    CHECK(priced[std::string(runtime.name)] > 30);
  }
}

}  // namespace

TEST_CASE("under every runtime the parts of every architecture add up to the totals") {
  for_each_case([](const Case& c) {
    Workload w = c.workload;
    w.n_ctx = 20000;
    w.n_seq = 2;
    if (refusal(c.model, w, *c.runtime)) w.n_seq = 1;
    const auto memory = estimate(c.model, c.weights, w, *c.runtime);
    Bytes caches;
    for (const auto& cache : memory.caches) caches += cache.bytes;
    CHECK(caches == memory.context.device + memory.context.host);
    CHECK(memory.device_total() == memory.model.device + memory.context.device +
                                       memory.compute.device + memory.overhead.device);
    CHECK(memory.least_device_total() <= memory.device_total());
    for (const auto& [range, bytes] : {std::pair{memory.compute_range, memory.compute.device},
                                       std::pair{memory.overhead_range, memory.overhead.device}}) {
      if (!range) continue;
      CHECK(range->low <= range->high);
      CHECK(range->high == bytes);
    }
  });
}

TEST_CASE("under every runtime the need of every architecture never shrinks as the context grows") {
  for_each_case([](const Case& c) {
    Bytes context, total;
    for (const std::uint64_t n_ctx : lengths) {
      Workload w = c.workload;
      w.n_ctx = n_ctx;
      const auto memory = estimate(c.model, c.weights, w, *c.runtime);
      const Bytes now = memory.context.device + memory.context.host;
      INFO(n_ctx << " tokens");
      CHECK(context <= now);
      CHECK(total <= memory.device_total());
      context = now;
      total = memory.device_total();
    }
  });
}

TEST_CASE("under every runtime the context limits of every architecture agree with the verdicts") {
  for_each_case([](const Case& c) {
    Workload w = c.workload;
    const auto whole =
        fit({.model = c.model, .runtime = *c.runtime, .workload = w, .device = Device{12 * GiB}},
            c.weights);
    CHECK(whole.safe_n_ctx <= whole.max_n_ctx);
    CHECK(whole.budget <= whole.vram);
    if (whole.max_n_ctx != 0) {
      w.n_ctx = whole.max_n_ctx;
      CHECK(
          fit({.model = c.model, .runtime = *c.runtime, .workload = w, .device = Device{12 * GiB}},
              c.weights)
              .verdict != Verdict::no);
    }
    if (whole.safe_n_ctx != 0) {
      w.n_ctx = whole.safe_n_ctx;
      CHECK(
          fit({.model = c.model, .runtime = *c.runtime, .workload = w, .device = Device{12 * GiB}},
              c.weights)
              .verdict == Verdict::fits);
    }
  });
}

TEST_CASE("under every runtime the arithmetic of every architecture gives its figures") {
  for_each_case([](const Case& c) {
    Workload w = c.workload;
    w.n_ctx = 20000;
    const auto memory = estimate(c.model, c.weights, w, *c.runtime);
    std::uint64_t context = 0;
    for (const auto& step : explain(c.model, c.weights, w, *c.runtime)) {
      INFO(step.figure << " = " << step.formula);
      CHECK(Arithmetic::value(step.formula) == step.value);
      if (step.figure.starts_with("context / ")) context += step.value;
      if (step.figure == "total (device)") CHECK(step.value == memory.device_total().count);
    }
    CHECK(Bytes{context} == memory.context.device + memory.context.host);
  });
}

// What is only summed elsewhere, and copied here: tensors as stored, and a sum of one summand.
TEST_CASE("under every runtime every figure but stored weights has arithmetic of its own") {
  const std::set<std::string> alone = {"model (device)", "model (host)", "context (device)",
                                       "context (host)"};
  for_each_case([&](const Case& c) {
    for (const auto& step : explain(c.model, c.weights, c.workload, *c.runtime)) {
      INFO(step.figure << " = " << step.formula);
      CHECK_FALSE(step.rule.empty());
      if (step.value != 0 && !alone.contains(step.figure))
        CHECK(step.formula != std::to_string(step.value));
    }
  });
}

TEST_CASE("under every runtime an overhead that was asked for is called so") {
  for_each_case([&](const Case& c) {
    Workload w = c.workload;
    w.overhead = Bytes{12345};
    for (const auto& step : explain(c.model, c.weights, w, *c.runtime)) {
      if (step.figure != "overhead" || step.value == 0) continue;
      CHECK(step.value == 12345);
      CHECK(step.formula == "12345");
      CHECK(step.rule == "as asked with --overhead");
    }
  });
}

TEST_CASE("under no runtime does a figure come twice in the explanation of an architecture") {
  for_each_case([](const Case& c) {
    std::set<std::string> figures;
    for (const auto& step : explain(c.model, c.weights, c.workload, *c.runtime)) {
      INFO(step.figure);
      CHECK(figures.insert(step.figure).second);
    }
    const auto memory = estimate(c.model, c.weights, c.workload, *c.runtime);
    std::set<std::tuple<CacheRole, Growth, std::uint32_t>> kinds;
    for (const auto& cache : memory.caches)
      CHECK(kinds.emplace(cache.role, cache.growth, cache.span).second);
    CHECK(figures.contains("total (device)"));
    CHECK(figures.contains("total (host)") == (memory.host_total() != Bytes{}));
  });
}

TEST_CASE("every runtime says what it honours, where that was read and where it runs") {
  for (const auto& runtime : runtimes()) {
    INFO(runtime.name);
    CHECK(find_runtime(runtime.name) == &runtime);
    CHECK_FALSE(runtime.version.empty());
    CHECK_FALSE(runtime.source.empty());
    CHECK_FALSE(runtime.about.empty());
    CHECK_FALSE(runtime.cache_types.empty());
    CHECK(runtime.cell_step > 0);
    std::string_view backends = runtime.backends;
    CHECK(find_backend(backends.substr(0, backends.find(' '))) != nullptr);
    std::uint32_t millibits = UINT32_MAX;
    for (std::string_view rest = runtime.ladder; !rest.empty();) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      const Scheme* scheme = find_scheme(rest.substr(0, space));
      REQUIRE(scheme != nullptr);
      CHECK(scheme->millibits < millibits);
      CHECK_FALSE(refusal({}, *scheme, runtime));
      millibits = scheme->millibits;
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
  }
}
