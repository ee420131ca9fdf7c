// Complete configs of public models against what is published of them, and what the class says
// where a file does not.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "families/family.hpp"
#include "hf/reader.hpp"
#include "support/configs.hpp"
#include "support/places.hpp"

using namespace fitvram;
using namespace fitvram::test;
using nlohmann::json;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(test_data(path), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<ModelInfo> parsed(const std::string& path) {
  return parse_hf_config(text_of(path), path.substr(path.rfind('/') + 1));
}

std::vector<std::string> config_files() {
  std::vector<std::string> files;
  for (const char* folder : {"configs", "complete", "wild"})
    for (const auto& entry : std::filesystem::directory_iterator(test_data(folder)))
      if (entry.path().extension() == ".json")
        files.push_back(std::string(folder) + "/" + entry.path().filename().string());
  std::sort(files.begin(), files.end());
  return files;
}

/// All that a figure can depend on: not the notes, nor what is said of how it came about.
struct Figures {
  Hparams hparams;
  std::vector<Layer> layers;
  std::vector<Tensor> tensors;
  std::uint64_t n_params = 0, n_params_mmproj = 0;
  std::optional<std::uint32_t> n_ctx_train;

  explicit Figures(const ModelInfo& model)
      : hparams(model.hparams),
        layers(model.layers),
        tensors(model.tensors),
        n_params(model.n_params),
        n_params_mmproj(model.n_params_mmproj),
        n_ctx_train(model.n_ctx_train) {}
  friend bool operator==(const Figures&, const Figures&) = default;
};

std::string layers_of(const ModelInfo& model) {
  std::map<std::string, int> groups;
  for (const Layer& layer : model.layers) {
    std::string key = name_of(layer.kind);
    for (const CacheSlot& slot : layer.caches)
      key += " " + std::to_string(slot.span) + ":" + std::to_string(slot.shape.n_head_kv) + "x" +
             std::to_string(slot.shape.dim_k) + "+" + std::to_string(slot.shape.dim_v);
    ++groups[key];
  }
  std::string text;
  for (const auto& [key, n] : groups)
    text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + key;
  return text;
}

/// Leaves of a class's defaults as "a/b".
void add_leaves(const json& object, const std::string& prefix, std::map<std::string, json>& to) {
  for (const auto& item : object.items()) {
    if (item.value().is_object())
      add_leaves(item.value(), prefix + item.key() + "/", to);
    else
      to.emplace(prefix + item.key(), item.value());
  }
}

const ConfigClass* class_of(const HfReader& reader) {
  const ConfigClass* of =
      find_config_class(reader.outer_model_type() + "/" + reader.section_model_type());
  return of != nullptr ? of : find_config_class(reader.section_model_type());
}

}  // namespace

TEST_CASE("complete configs say what is published of their models") {
  std::ifstream table(test_data("complete.csv"));
  std::string line;
  std::getline(table, line);
  std::size_t n = 0;
  while (std::getline(table, line)) {
    const std::string name = line.substr(0, line.find(','));
    INFO(name);
    const auto model = parsed("complete/" + name + ".json");
    REQUIRE(model);
    CHECK(name + "," + std::to_string(model->n_params) + "," +
              std::to_string(model->n_params_mmproj) + "," + model->architecture + "," +
              std::to_string(model->n_layer) + "," + std::to_string(model->n_ctx_train) ==
          line);
    ++n;
  }
  CHECK(n == 95);
}

TEST_CASE("files as people have them are read as transformers would read them") {
  struct Case {
    const char* file;
    const char* architecture;
    std::uint64_t n_params;
    std::uint32_t n_ctx_train;  // 0 = not stated
    const char* layers;
  };
  const Case cases[] = {
      {"deepseek-v3-num_routed_experts", "deepseek2", 671'026'419'200, 163840,
       "61 latent 0:1x576+0"},
      {"deepseek-ocr-2", "deepseek2-ocr", 2'934'734'080, 8192, "12 attention 0:10x128+128"},
      {"qwen2-vl-7b-flat", "qwen2vl", 7'615'616'512, 32768, "28 attention 0:4x128+128"},
      {"xgen-mm-phi3-diffs", "phi3", 3'821'079'552, 4096, nullptr},
      {"gemma-4-26b-no-layer_types", "gemma4", 25'233'141'790, 262144,
       "5 attention 0:2x512+512, 25 sliding 1024:8x256+256"},
      {"gpt-oss-class-defaults", "gpt-oss", 116'829'156'672, 131072,
       "18 attention 0:8x64+64, 18 sliding 128:8x64+64"},
      {"qwen3.5-27b-no-kv-heads", "qwen35", 26'895'998'464, 262144, nullptr},
      {"ultravox-gemma3", "gemma3", 3'880'263'168, 131072,
       "5 attention 0:4x256+256, 29 sliding 1024:4x256+256"},
      {"meta-params-llama-3-8b", "llama", 8'030'261'248, 0, "32 attention 0:8x128+128"},
      {"mamba-130m-original", "mamba", 129'135'360, 1048576, nullptr},
      {"vila-1.5-3b-llm_cfg", "llama", 2'701'560'320, 4096, "32 attention 0:20x128+128"},
  };
  for (const Case& c : cases) {
    INFO(c.file);
    const auto model = parsed(std::string("wild/") + c.file + ".json");
    REQUIRE(model);
    CHECK(model->architecture == c.architecture);
    CHECK(model->n_params == c.n_params);
    CHECK(model->n_ctx_train == c.n_ctx_train);
    if (c.layers != nullptr) CHECK(layers_of(*model) == c.layers);
  }
  CHECK(parsed("wild/qwen2-vl-7b-flat.json")->n_params_mmproj == 675'759'104);
  CHECK(parsed("wild/mamba-130m-original.json")->hparams.ssm_inner_size == 1536U);
  CHECK(parsed("wild/meta-params-llama-3-8b.json")->hparams.n_ff.max() == 14336);
}

TEST_CASE("files that are no model of llama.cpp's say what they are") {
  const std::map<std::string, std::string> refused = {
      {"codegen-2-own-format.json", "a format of its own, of a 'CodeGenModel'"},
      {"whisper-base.json", "an encoder-decoder speech model ('whisper')"},
      {"hf_quant_config.json", "modelopt's description of a quantization, not a config.json"},
      {"ollama-manifest.json", "an Ollama manifest, not a config.json"},
      {"Modelfile", "an Ollama Modelfile, not a config.json"},
  };
  for (const auto& [file, message] : refused) {
    INFO(file);
    const auto model = parsed("wild/" + file);
    REQUIRE_FALSE(model);
    CHECK(model.error().message == message);
    CHECK_FALSE(model.error().hint.empty());
  }
  CHECK(parsed("wild/ollama-manifest.json").error().hint.find("blobs/sha256-1111") !=
        std::string::npos);
}

TEST_CASE("removing a key that equals its class's default changes no figure") {
  std::size_t removed = 0;
  for (const std::string& file : config_files()) {
    const auto whole = parsed(file);
    if (!whole) continue;
    const Figures figures(*whole);
    const json root = json::parse(text_of(file), nullptr, false);
    if (!root.is_object()) continue;
    const HfReader reader(root);
    const ConfigClass* of = class_of(reader);
    if (of == nullptr) continue;
    std::map<std::string, json> defaults;
    add_leaves(default_object(of->defaults), "", defaults);
    for (const auto& [key, value] : defaults) {
      const json* stated = reader.find(key);
      if (stated == nullptr || *stated != value) continue;
      const json::json_pointer place(reader.where(key));
      json less = root;
      less[place.parent_pointer()].erase(place.back());
      INFO(file << " without " << key);
      const auto model = parse_hf_config(less.dump(), file.substr(file.rfind('/') + 1));
      REQUIRE(model);
      CHECK(Figures(*model) == figures);
      ++removed;
    }
  }
  CHECK(removed > 600);
}

TEST_CASE("keys that nobody knows change nothing, notes included") {
  for (const std::string& file : config_files()) {
    const auto whole = parsed(file);
    if (!whole) continue;
    json root = json::parse(text_of(file), nullptr, false);
    if (!root.is_object() || !root.contains("model_type")) continue;
    root["zzz_unknown"] = 7;
    root["zzz_words"] = {"a", "b"};
    root["zzz_object"] = {{"hidden_size", 3}};
    for (const char* section : {"text_config", "llm_config", "language_config"})
      if (root.contains(section)) root[section]["zzz_unknown"] = 7;
    INFO(file);
    const auto model = parse_hf_config(root.dump(), file.substr(file.rfind('/') + 1));
    REQUIRE(model);
    CHECK(*model == [&] {
      auto named = *whole;
      named.source = model->source;
      return named;
    }());
  }
}

TEST_CASE("a null is no absence: no default takes its place") {
  const auto facts = [](const std::string& more) {
    return facts_of(
        "{'model_type': 'qwen2', 'hidden_size': 1024, 'num_hidden_layers': 2, "
        "'num_attention_heads': 16" +
        more + "}");
  };
  CHECK(facts(", 'num_key_value_heads': null").n_head_kv.max() == 16);
  CHECK_FALSE(facts(", 'num_key_value_heads': 4, 'max_position_embeddings': null").n_ctx_train);
  CHECK(facts(", 'num_key_value_heads': 4").n_ctx_train == 32768U);
}

TEST_CASE("a missing number of experts never makes a mixture dense") {
  const auto model = model_of_text(
      "{'model_type': 'deepseek_v2', 'hidden_size': 64, 'num_hidden_layers': 2, "
      "'num_attention_heads': 2, 'vocab_size': 10, 'intermediate_size': 128, "
      "'moe_intermediate_size': 32, 'num_experts_per_tok': 2}");
  CHECK(model.n_params == 0);
  bool told = false;
  for (const Note& note : model.notes)
    told = told || note.message.find("num_experts is missing") != std::string::npos;
  CHECK(told);
  CHECK(facts_of("{'model_type': 'mixtral', 'hidden_size': 64, 'num_hidden_layers': 2, "
                 "'num_attention_heads': 8}")
            .n_expert == 8U);
}

TEST_CASE("the section's own model type decides before a class that holds any text") {
  const auto architecture = [](const std::string& outer, const std::string& inner) {
    return facts_of("{'architectures': ['" + outer + "'], 'text_config': {" + inner + "}}")
        .architecture;
  };
  CHECK(architecture("LlavaForConditionalGeneration", "'model_type': 'qwen2'") == "qwen2");
  CHECK(architecture("VoxtralForConditionalGeneration", "'model_type': 'gemma3_text'") == "gemma3");
  CHECK(architecture("UltravoxModel", "'model_type': 'llama'") == "llama");
  CHECK(architecture("Mistral3ForConditionalGeneration", "'model_type': 'qwen3'") == "qwen3");
  CHECK(facts_of("{'model_type': 'mistral3', 'text_config': {'model_type': 'mistral'}}")
            .architecture == "mistral3");
  CHECK(facts_of("{'model_type': 'mistral3', 'text_config': {'model_type': 'mistral4'}}")
            .architecture == "mistral4");
}

TEST_CASE("Voxtral has values of its own for the llama inside it") {
  const auto own = facts_of("{'model_type': 'voxtral', 'text_config': {'model_type': 'llama'}}");
  CHECK(own.n_layer == 30U);
  CHECK(own.n_embd == 3072U);
  CHECK(own.n_head_kv.max() == 8);
  const auto plain = facts_of("{'model_type': 'llava', 'text_config': {'model_type': 'llama'}}");
  CHECK(plain.n_layer == 32U);
}

TEST_CASE("formats of single makers are read or refused, never taken for another") {
  const std::string mistral =
      "'dim': 64, 'n_layers': 2, 'head_dim': 32, 'hidden_dim': 128, 'n_heads': 2, 'n_kv_heads': 1, "
      "'norm_eps': 1e-5, 'vocab_size': 100";
  const auto plain = model_of_text("{" + mistral + "}");
  CHECK(plain.architecture == "llama");
  CHECK(plain.n_ctx_train == 128000U);
  CHECK(model_of_text("{" + mistral + ", 'model_type': 'transformer'}").architecture == "llama");
  CHECK(model_of_text("{" + mistral + ", 'llama_4_scaling': {'beta': 0.1}}").architecture ==
        "mistral3");
  const auto windows = facts_of("{" + mistral + ", 'sliding_window': [16, null]}");
  CHECK(windows.n_swa == 16U);
  CHECK(windows.swa_layers == std::vector<bool>{true, false});
  CHECK(error_of("{" + mistral + ", 'ffn_dim_multiplier': 1}").message ==
        "a format of its own, with neither model_type nor architectures");

  const std::string meta = "'dim': 4096, 'n_layers': 32, 'n_heads': 32, 'multiple_of': 256";
  const auto first = model_of_text("{" + meta + ", 'vocab_size': -1, 'norm_eps': 1e-5}");
  CHECK(first.hparams.n_ff.max() == 11008);
  CHECK(first.n_params == 6'738'415'616);
  CHECK_FALSE(first.n_ctx_train);
  CHECK_FALSE(
      model_of_text("{" + meta + ", 'vocab_size': 32000, 'max_seq_len': 2048}").n_ctx_train);
  CHECK(error_of("{" + meta + ", 'vocab_size': 100, 'moe_args': {'num_experts': 16}}").message ==
        "a format of its own, with neither model_type nor architectures");

  const auto second = facts_of(
      "{'d_model': 64, 'n_layer': 2, 'vocab_size': 50277, 'ssm_cfg': {'layer': 'Mamba2'}}");
  CHECK(second.architecture == "mamba2");
  CHECK(second.n_vocab == 50288U);
  CHECK(second.tied_embeddings == true);
  CHECK(error_of("{'d_model': 64, 'n_layer': 2, 'vocab_size': 50277, 'ssm_cfg': {}, "
                 "'d_intermediate': 128}")
            .where == "config.json: /d_intermediate");
}
