// A config and the GGUF file made of the same model give the same figures.
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "model/tensors.hpp"
#include "support/configs.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

struct Pair {
  const char* file;
  const char* config;
  const char* scheme;
};

// Not here, of the recorded files: gemma-4-e4b leaves out keys and values that the checkpoint has
// in layers with a shared cache (lower_tensors_test.cpp compares the rest); synthetic-deepseek4 and
// synthetic-minimax-m3 have no published model. A config called "published/" was written from the
// model's publication.
const Pair pairs[] = {
    {"command-r7b-12-2024.Q4_K_M", "CohereForAI__c4ai-command-r7b-12-2024", "Q4_K_M"},
    {"deepseek-v2-lite.Q4_K_M", "deepseek-ai__DeepSeek-V2-Lite", "Q4_K_M"},
    {"deepseek-v3.2.Q4_K_M", "deepseek-ai__DeepSeek-V3.2", "Q4_K_M"},
    {"deepseek-v3.Q4_K_M", "deepseek-ai__DeepSeek-V3", "Q4_K_M"},
    {"exaone4-32b.Q4_K_M", "LGAI-EXAONE__EXAONE-4.0-32B", "Q4_K_M"},
    {"falcon-h1-7b.Q4_K_M", "published/Falcon-H1-7B-Instruct", "Q4_K_M"},
    {"gemma-2-9b.Q4_K_M", "google__gemma-2-9b-it", "Q4_K_M"},
    {"gemma-3-27b.Q4_K_M", "google__medgemma-27b-it", "Q4_K_M"},
    {"gemma-3-27b.Q8_0", "google__medgemma-27b-it", "Q8_0"},
    {"gemma-3-4b.Q4_K_M", "google__gemma-3-4b-it", "Q4_K_M"},
    {"gemma-3n-e4b.Q4_K_M", "google__gemma-3n-E4B-it", "Q4_K_M"},
    {"gemma-4-12b.Q4_K_M", "published/gemma-4-12B-it", "Q4_K_M"},
    {"glm-4.5-air.Q4_K_M", "published/GLM-4.5-Air", "Q4_K_M"},
    {"gpt-oss-20b.MXFP4_MOE", "openai__gpt-oss-20b", "MXFP4_MOE"},
    {"granite-4.0-h-small.Q4_K_M", "ibm-granite__granite-4.0-h-small", "Q4_K_M"},
    {"jamba-v0.1.Q4_K_M", "published/Jamba-v0.1", "Q4_K_M"},
    {"kimi-linear-48b-a3b.Q4_K_M", "moonshotai__Kimi-Linear-48B-A3B-Instruct", "Q4_K_M"},
    {"lfm2-1.2b.Q4_K_M", "LiquidAI__LFM2-1.2B", "Q4_K_M"},
    {"llama-2-7b.Q4_K_M", "meta-llama__Llama-2-7b-hf", "Q4_K_M"},
    {"llama-3.1-8b.F16", "meta-llama__Meta-Llama-3.1-8B", "F16"},
    {"llama-3.1-8b.Q4_K_M", "meta-llama__Meta-Llama-3.1-8B", "Q4_K_M"},
    {"llama-3.1-8b.Q8_0", "meta-llama__Meta-Llama-3.1-8B", "Q8_0"},
    {"llama-4-scout.Q4_K_M", "meta-llama__Llama-4-Scout-17B-16E-Instruct", "Q4_K_M"},
    {"mamba2-2.7b.Q4_K_M", "published/mamba2-2.7b", "Q4_K_M"},
    {"mistral-7b-v0.1.Q4_K_M", "mistralai__Mistral-7B-v0.1", "Q4_K_M"},
    {"mistral-small-24b-2501.Q4_K_M", "published/Mistral-Small-24B-Instruct-2501", "Q4_K_M"},
    {"mixtral-8x7b.Q4_K_M", "mistralai__Mixtral-8x7B-v0.1", "Q4_K_M"},
    {"nemotron-nano-9b-v2.Q4_K_M", "published/NVIDIA-Nemotron-Nano-9B-v2", "Q4_K_M"},
    {"olmo2-7b.Q4_K_M", "allenai__OLMo-2-1124-7B-Instruct", "Q4_K_M"},
    {"phi-3-mini-4k.Q4_K_M", "microsoft__Phi-3-mini-4k-instruct", "Q4_K_M"},
    {"phi-4-14b.Q4_K_M", "microsoft__phi-4", "Q4_K_M"},
    {"qwen2.5-7b.Q4_K_M", "Qwen__Qwen2.5-7B-Instruct", "Q4_K_M"},
    {"qwen3-30b-a3b.Q4_K_M", "Qwen__Qwen3-30B-A3B", "Q4_K_M"},
    {"qwen3-8b.Q4_K_M", "Qwen__Qwen3-8B", "Q4_K_M"},
    {"qwen3-next-80b-a3b.Q4_K_M", "Qwen__Qwen3-Next-80B-A3B-Instruct", "Q4_K_M"},
    {"qwen3.5-27b.Q4_K_M", "Qwen__Qwen3.5-27B", "Q4_K_M"},
    {"rwkv7-world-2.9b.Q4_K_M", "published/rwkv7-2.9B-world", "Q4_K_M"},
    {"stablelm-2-12b.Q4_K_M", "published/stablelm-2-12b", "Q4_K_M"},
};

// The recorded Gemma 3n and RWKV 7 were converted in 32 bits, which is what their unquantized
// tensors still have, and DeepSeek-V3.2 without its next-token-prediction layer, which counts among
// the layers whose last eighth gets more bits.
ModelInfo model_of_config(const Pair& pair) {
  const std::string name = pair.config;
  const std::string folder = name.find('/') == std::string::npos ? "configs/" : "";
  auto config = nlohmann::json::parse(std::ifstream(test_data(folder + name + ".json")));
  if (name == "deepseek-ai__DeepSeek-V3.2") config["num_nextn_predict_layers"] = 0;
  ModelInfo model = checked(parse_hf_config(config.dump(), name));
  if (model.architecture != "gemma3n" && model.architecture != "rwkv7") return model;
  model.quant = "F32";
  lower_tensors(model);
  return model;
}

ModelInfo model_of_header(const std::string& name) {
  const std::string folder = test::test_data("headers/");
  const auto sizes = nlohmann::json::parse(std::ifstream(folder + "file_sizes.json"));
  const InflatedFile file(folder + name + ".gguf", sizes.at(name + ".gguf").get<std::size_t>());
  const GgufShard shards[] = {{name, file.bytes()}};
  return checked(parse_gguf(shards));
}

using Sheet = std::map<std::string, std::string>;

Sheet sheet_of(const ModelInfo& model, const Weights& weights) {
  Sheet sheet;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    std::string text{weights.types[i]->name};
    for (const auto n : tensor.ne) text += " " + std::to_string(n);
    sheet[full_name(tensor)] = text;
  }
  return sheet;
}

}  // namespace

TEST_CASE("a config's tensors have the names, shapes and types of the real file") {
  for (const Pair& pair : pairs) {
    CAPTURE(pair.file);
    const ModelInfo file = model_of_header(pair.file);
    const ModelInfo config = model_of_config(pair);
    const Sheet theirs = sheet_of(file, stored_weights(file));
    Sheet ours = sheet_of(config, quantize(config, *find_scheme(pair.scheme)));
    // The recorded Qwen3.5 was converted without its next-token-prediction layer.
    const std::string nextn = "blk." + std::to_string(config.n_layer) + ".";
    std::erase_if(ours, [&](const auto& row) {
      return row.first.starts_with(nextn) && !theirs.contains(row.first);
    });
    for (const auto& [name, text] : theirs) {
      CAPTURE(name, text);
      const auto it = ours.find(name);
      CHECK((it == ours.end() ? "no such tensor" : it->second) == text);
    }
    CHECK(ours.size() == theirs.size());
  }
}

TEST_CASE("a config under a scheme costs what the file costs, on every line") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  for (const Pair& pair : pairs) {
    const ModelInfo file = model_of_header(pair.file);
    const ModelInfo config = model_of_config(pair);
    const Weights theirs = stored_weights(file);
    const Weights ours = quantize(config, *find_scheme(pair.scheme));
    for (const std::uint64_t n_ctx : {512U, 8192U, 32768U, 131072U}) {
      for (const std::uint32_t n_gpu_layers : {0U, 7U, UINT32_MAX}) {
        // -ngl counts next-token-prediction layers, which the recorded Qwen3.5 lacks.
        if (config.layers.size() != file.layers.size() && n_gpu_layers == 7) continue;
        CAPTURE(pair.file, n_ctx, n_gpu_layers);
        Workload workload;
        workload.n_ctx = n_ctx;
        workload.n_gpu_layers = n_gpu_layers;
        const MemoryEstimate a = estimate(config, ours, workload, runtime);
        const MemoryEstimate b = estimate(file, theirs, workload, runtime);
        CHECK(a.model.device == b.model.device);
        CHECK(a.model.host == b.model.host);
        CHECK(a.context.device == b.context.device);
        CHECK(a.context.host == b.context.host);
        CHECK(a.compute.device == b.compute.device);
        CHECK(a.compute.host == b.compute.host);
        CHECK(a.overhead.device == b.overhead.device);
        CHECK(a.device_total() == b.device_total());
        CHECK(a.host_total() == b.host_total());
        CHECK(a.caches.size() == b.caches.size());
      }
    }
  }
}
