#include "llama/explain.hpp"

#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "llama/compute.hpp"
#include "support/arithmetic.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

ModelInfo catalogue_model(std::string_view name) {
  const auto entries = embedded_catalog().value();
  return model_of(**find_model(entries, name)).value();
}

/// Terms outside the parentheses.
std::size_t n_terms(const std::string& formula) {
  std::size_t n = 1;
  int depth = 0;
  for (const char c : formula) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    n += c == '+' && depth == 0 ? 1 : 0;
  }
  return n;
}
std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

bool bare(const Step& step) {
  return step.value != 0 && step.formula == std::to_string(step.value);
}

}  // namespace

TEST_CASE("the compute buffers of every model of the catalogue are told tensor by tensor") {
  std::size_t n_told = 0;
  const auto entries = embedded_catalog().value();
  for (const CatalogEntry& entry : entries) {
    const ModelInfo model = model_of(entry).value();
    for (const char* backend : {"cuda", "metal", "cpu", "vulkan"}) {
      for (const std::uint64_t n_ctx : {4096U, 32768U}) {
        Workload w;
        w.backend = backend;
        w.n_ctx = n_ctx;
        if (refusal(model, w, llama_cpp())) continue;
        const Placement compute = llama_cpp_compute(model, {}, w);
        const auto [device, host] = explain_compute(model, {}, w);
        for (const auto& [step, bytes] :
             {std::pair{device, compute.device}, std::pair{host, compute.host}}) {
          INFO(entry.name << ' ' << backend << ' ' << n_ctx << ": " << step.formula << ", "
                          << step.rule);
          CHECK(Arithmetic::value(step.formula) == step.value);
          CHECK(step.value == bytes.count);
          CHECK_FALSE(bare(step));
          if (!step.rule.starts_with("tensors alive")) continue;
          ++n_told;
          CHECK(n_terms(step.formula) <= 6);
          CHECK(count_of(step.rule, "; ") == n_terms(step.formula));
        }
      }
    }
  }
  CHECK(n_told > 500);
}

TEST_CASE("a compute buffer is told by the tensors that are alive and where") {
  const ModelInfo llama = catalogue_model("meta-llama/Llama-3.1-8B-Instruct");
  const auto [device, host] = explain_compute(llama, {}, Workload{});
  CHECK(device.formula ==
        "3 * (14336 * 4 * 512) + 1 * (4096 * 4 * 512) + 1 * (8192 * 2 * 512) + 10368 + 16777216");
  CHECK(device.rule ==
        "tensors alive when the buffer last grows (after ffn_gate of block 0): ffn_up, ffn_gate, "
        "after ffn_gate; after attn_output; mask; smaller ones; gaps between them; ggml-alloc.c "
        "and ggml-backend.cpp, llama.cpp v0.5.0");
  CHECK(host.formula == "2 * (4096 * 4 * 512) + 1 * (8192 * 2 * 512) + 12320");
}

TEST_CASE("a weight that is copied to the device is told by its name") {
  ModelInfo model = catalogue_model("Qwen/Qwen3-30B-A3B");
  Workload w;
  w.n_gpu_layers = 20;
  CHECK(explain_compute(model, {}, w).device.rule.find("copy of ffn_") != std::string::npos);
}

TEST_CASE("where no graph is known the formula that stands in is told with its numbers") {
  ModelInfo model = catalogue_model("meta-llama/Llama-3.1-8B-Instruct");
  model.tensors.clear();
  for (const auto flash : {FlashAttention::on, FlashAttention::off})
    for (const std::uint32_t n_outputs : {0U, 1U})
      for (const std::uint32_t n_gpu_layers : {0U, 5U, 99U})
        for (const char* type : {"F16", "Q8_0"}) {
          Workload w;
          w.flash_attn = flash;
          w.n_outputs = n_outputs;
          w.n_gpu_layers = n_gpu_layers;
          w.type_k = find_tensor_type(std::string_view(type));
          const Placement compute = llama_cpp_compute(model, {}, w);
          const auto [device, host] = explain_compute(model, {}, w);
          INFO(device.formula << "; " << host.formula);
          CHECK(device.value == compute.device.count);
          CHECK(host.value == compute.host.count);
          CHECK(Arithmetic::value(device.formula) == device.value);
          CHECK(Arithmetic::value(host.formula) == host.value);
          CHECK_FALSE(bare(device));
          CHECK_FALSE(bare(host));
        }
  const auto [device, host] = explain_compute(model, {}, Workload{});
  CHECK(host.formula == "4 * 512 * 8192 + 2 * 512 * 8192");
  CHECK(host.rule ==
        "bytes * tokens * values at the widest of the moments assumed: embeddings of the batch, "
        "twice, and masks; a formula, as no graph of this model is known");
}

TEST_CASE("where Vulkan's order is not known the larger figure is told with both") {
  const ModelInfo model = catalogue_model("ai21labs/AI21-Jamba-1.5-Mini");
  Workload w;
  w.backend = "vulkan";
  const Step device = explain_compute(model, {}, w).device;
  CHECK(device.formula == "4 * 512 * 98304 + 2 * 512 * 8192");
  CHECK(device.rule.find("more than the ") != std::string::npos);
  CHECK(device.rule.find(" bytes of the graph in its own order, which Vulkan changes") !=
        std::string::npos);
}
