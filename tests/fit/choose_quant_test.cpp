#include <algorithm>
#include <string>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/fit.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

struct Tried {
  const Scheme* scheme;
  Fit fit;
};

/// Every form that may be chosen, priced on its own.
std::vector<Tried> all_forms(const ModelInfo& model, const Workload& workload, Device device) {
  const bool f16 = model.quant != "FP8" && model.quant != "INT8" && model.quant != "MXFP4";
  const Scheme* native = find_scheme(model.quant == "MXFP4" ? "MXFP4_MOE" : f16 ? "F16" : "Q8_0");
  std::vector<Tried> forms;
  for (const Scheme& scheme : schemes()) {
    if (&scheme != native && !(scheme.ladder && scheme.millibits < native->millibits)) continue;
    forms.push_back(
        {&scheme,
         fit({.model = model, .runtime = llama_cpp(), .workload = workload, .device = device},
             quantize(model, scheme))});
  }
  return forms;
}

/// The rule as fit.hpp states it, over forms with the most bits first.
const Tried& rule(const std::vector<Tried>& forms, Bytes vram) {
  const auto keep = std::min(find_scheme("Q4_K_M")->millibits, forms.front().scheme->millibits);
  const auto first = [&](auto holds) -> const Tried* {
    const auto it = std::find_if(forms.begin(), forms.end(), holds);
    return it == forms.end() ? nullptr : &*it;
  };
  const auto kept = [&](const Tried& t) { return t.scheme->millibits >= keep; };
  if (const auto* t =
          first([&](const Tried& each) { return kept(each) && each.fit.verdict == Verdict::fits; }))
    return *t;
  if (const auto* t = first([&](const Tried& each) {
        return kept(each) && each.fit.verdict == Verdict::tight && each.fit.need + GiB <= vram;
      }))
    return *t;
  if (const auto* t = first([&](const Tried& each) { return each.fit.verdict != Verdict::no; }))
    return *t;
  const auto bytes = [](const Tried& t) { return t.fit.memory.model.device; };
  const Bytes least = bytes(*std::ranges::min_element(forms, {}, bytes));
  return *first([&](const Tried& each) { return bytes(each) <= least + least / 50; });
}

}  // namespace

TEST_CASE("the choice is the one that pricing every form on its own leads to") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  std::size_t lowered = 0, running = 0, refused = 0;
  for (std::size_t i = 0; i < catalog->size(); i += 19) {
    const auto model = model_of((*catalog)[i]);
    REQUIRE(model);
    for (const std::uint64_t gib : {6u, 24u})
      for (const std::uint32_t n_gpu_layers : {12u, UINT32_MAX}) {
        Workload w;
        w.n_ctx = 8192;
        w.n_gpu_layers = n_gpu_layers;
        const Device device = gib * GiB;
        const auto forms = all_forms(*model, w, device);
        const Tried& wanted = rule(forms, device.vram);
        const Choice choice = choose_quant(
            {.model = *model, .runtime = llama_cpp(), .workload = w, .device = device});
        INFO(model->name << ", " << gib << " GiB, -ngl " << n_gpu_layers);
        CHECK(choice.weights.quant == wanted.scheme->name);
        CHECK(choice.fit.verdict == wanted.fit.verdict);
        CHECK(choice.fit.need == wanted.fit.need);
        CHECK(choice.fit.safe_n_ctx == wanted.fit.safe_n_ctx);
        CHECK(choice.fit.max_n_ctx == wanted.fit.max_n_ctx);
        CHECK(choice.fit.memory.host_total() == wanted.fit.memory.host_total());

        const auto runs = choose_running(
            {.model = *model, .runtime = llama_cpp(), .workload = w, .device = device});
        REQUIRE(runs.has_value() == (wanted.fit.verdict != Verdict::no));
        if (runs) CHECK(runs->fit.need == wanted.fit.need);
        running += runs.has_value();
        refused += !runs;
        lowered += choice.below_q4_k_m;
      }
  }
  CHECK(running > 10);
  CHECK(refused > 5);
  CHECK(lowered > 0);
}

TEST_CASE("where nothing fits the smallest is shown, not the last of the list") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  const auto model = model_of(**find_model(*catalog, "openai/gpt-oss-120b"));
  REQUIRE(model);
  const Choice choice =
      choose_quant({.model = *model, .runtime = llama_cpp(), .device = Device{24 * GiB}});
  CHECK(choice.fit.verdict == Verdict::no);
  CHECK(choice.weights.quant == "MXFP4_MOE");
  CHECK_FALSE(choice.below_q4_k_m);
}

TEST_CASE("mlxcel's quantization advice (quant_advisor.rs @0c21aed2)") {
  const auto advice = [](std::uint64_t memory_gib, std::uint64_t billions, bool neural = false,
                         std::optional<Bytes> kv = std::nullopt) {
    return recommend_quantization({billions * 1'000'000'000, memory_gib, kv, neural}).advice;
  };
  CHECK(advice(32, 7, true) == Advice::int8);
  CHECK(advice(64, 70, true) == Advice::int4);
  CHECK(advice(24, 1) == Advice::fp16);
  CHECK(advice(16, 8) == Advice::int4);
  CHECK(advice(32, 7) == Advice::fp16);
  CHECK(advice(16, 30, true) == Advice::int4);
  CHECK(advice(16, 7) == Advice::fp16);
  CHECK(advice(16, 7, false, 4 * GiB) == Advice::int4);
  CHECK(advice(24, 8, false, 1 * GiB) == Advice::fp16);
  CHECK(advice(24, 8, false, 16 * GiB) == Advice::int4);
}

TEST_CASE("the advice counts experts that stay in MXFP4 at their size") {
  // gpt-oss-20b: 13.78 GB in F16, 12.1 in 8 bits.
  AdviceInput input{20'914'757'184, 16, Bytes{}, false, 19'110'297'600};
  CHECK(recommend_quantization(input).reason == "FP16 needs 14 of 16 GiB");
  input.n_mxfp4 = 0;
  CHECK(recommend_quantization(input).reason == "FP16 needs 42 of 16 GiB, INT4 needs 11 of 16 GiB");
}
