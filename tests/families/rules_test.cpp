// What must hold for every row of the architecture table, whatever its rules.
#include <algorithm>

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "support/generic_facts.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

// "clip" is a projector: no runtime makes a context of it.
const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

Bytes context(const ModelInfo& model, const Workload& workload) {
  const Placement bytes = context_estimate(model, workload, llama_cpp()).bytes;
  return bytes.device + bytes.host;
}

Bytes context(const ModelInfo& model, std::uint64_t n_ctx, std::uint32_t n_seq = 1,
              std::uint32_t n_ubatch = 512) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_seq = n_seq;
  w.n_ubatch = n_ubatch;
  return context(model, w);
}

/// The model with only some of its layers' caches.
ModelInfo only(ModelInfo model, std::size_t from, std::size_t to) {
  for (std::size_t i = 0; i < model.layers.size(); ++i)
    if (i < from || i >= to) model.layers[i].caches.clear();
  return model;
}

}  // namespace

TEST_CASE("every architecture of the table is lowered from generic facts") {
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    INFO(row.gguf);
    const auto model = generic_model(row);
    CHECK(model.known_architecture);
    CHECK(model.layout == Provenance::exact);
    CHECK(model.layers.size() >= 12);
    const bool cached = std::any_of(model.layers.begin(), model.layers.end(),
                                    [](const Layer& layer) { return !layer.caches.empty(); });
    CHECK(cached == (row.cache.memory != MemoryClass::none));
    CHECK((context(model, 8192).count > 0) == cached);
  }
}

// Sequences in powers of two: others round the whole context up, 3 of 32768 tokens to 33024.
TEST_CASE("no cache shrinks with more context, more sequences or a larger physical batch") {
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    INFO(row.gguf);
    const auto model = generic_model(row);
    Bytes before;
    for (const std::uint64_t n_ctx : {1U, 256U, 257U, 4096U, 5000U, 8192U, 32768U, 131072U}) {
      CHECK(context(model, n_ctx) >= before);
      before = context(model, n_ctx);
    }
    before = {};
    for (const std::uint32_t n_seq : {1U, 2U, 4U, 8U, 64U}) {
      CHECK(context(model, 32768, n_seq) >= before);
      before = context(model, 32768, n_seq);
    }
    before = {};
    for (const std::uint32_t n_ubatch : {1U, 64U, 512U, 1024U, 2048U}) {
      CHECK(context(model, 16384, 1, n_ubatch) >= before);
      before = context(model, 16384, 1, n_ubatch);
    }
  }
}

TEST_CASE("the context is the sum of its layers") {
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    INFO(row.gguf);
    const auto model = generic_model(row);
    const std::size_t half = model.layers.size() / 2;
    for (const std::uint64_t n_ctx : {512U, 16384U})
      CHECK(context(only(model, 0, half), n_ctx) +
                context(only(model, half, model.layers.size()), n_ctx) ==
            context(model, n_ctx));
  }
}

TEST_CASE("a window never costs more than the full context") {
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    INFO(row.gguf);
    const auto model = generic_model(row);
    for (const std::uint64_t n_ctx : {512U, 4096U, 65536U}) {
      Workload w;
      w.n_ctx = n_ctx;
      const Bytes windowed = context(model, w);
      w.swa_full = true;
      CHECK(windowed <= context(model, w));
    }
  }
}

TEST_CASE("fewer bits a value never make a larger cache") {
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    INFO(row.gguf);
    const auto model = generic_model(row);
    Bytes before{UINT64_MAX};
    for (const char* type : {"f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"}) {
      Workload w;
      w.n_ctx = 16384;
      w.type_k = w.type_v = find_tensor_type(type);
      CHECK(context(model, w) <= before);
      before = context(model, w);
    }
  }
}
