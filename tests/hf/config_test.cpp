// Every config of the corpus (real files of public models) against a table that was read from the
// same files by other means, and the refusals of what is no config.
#include <filesystem>
#include <map>
#include <set>

#include "support/configs.hpp"
#include "support/places.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

// Files that state too little, or what no rule covers, and the reason that is given.
const std::map<std::string, std::string> refused = {
    {"RWKV__rwkv-5-world-3b",
     "unknown architecture 'rwkv5' with recurrent layers: its cache cannot be derived from the "
     "file"},
    {"Zyphra__Zamba2-7B",
     "unknown architecture 'zamba2' with recurrent layers: its cache cannot be derived from the "
     "file"},
    {"google__gemma-4-12B-it", "layer_types is missing"},
    {"google__gemma-4-26B-A4B-it", "layer_types is missing"},
    {"nvidia__NVIDIA-Nemotron-3-Nano-4B-BF16",
     "layer_types is missing (also tried hybrid_override_pattern, layers_block_type)"},
    {"nvidia__NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
     "layer_types is missing (also tried hybrid_override_pattern, layers_block_type)"},
    {"nvidia__NVIDIA-Nemotron-Nano-9B-v2",
     "layer_types is missing (also tried hybrid_override_pattern, layers_block_type)"},
    {"nvidia__Nemotron-Cascade-2-30B-A3B",
     "layer_types is missing (also tried hybrid_override_pattern, layers_block_type)"},
};

// The columns of configs.csv: caches are those that keep tokens, one to a layer at most.
std::string row_of(const std::string& name, const ModelInfo& model) {
  const auto& h = model.hparams;
  std::uint32_t kv_layers = 0, windows = 0, span = 0;
  HeadShape most;
  for (const auto& layer : model.layers) {
    for (const auto& slot : layer.caches) {
      if (slot.role != CacheRole::kv && slot.role != CacheRole::latent) continue;
      if (slot.growth == Growth::strided) continue;
      ++kv_layers;
      most.n_head_kv = std::max(most.n_head_kv, slot.shape.n_head_kv);
      most.dim_k = std::max(most.dim_k, slot.shape.dim_k);
      most.dim_v = std::max(most.dim_v, slot.shape.dim_v);
      if (slot.growth == Growth::sliding || slot.growth == Growth::chunked) {
        ++windows;
        span = slot.span;
      }
    }
  }
  std::string row = name;
  for (const auto n :
       {*h.n_layer, h.n_layer_nextn.value_or(0), *h.n_embd, h.n_head.max(), most.n_head_kv,
        kv_layers, most.dim_k, most.dim_v, span, windows, h.kv_lora_rank.value_or(0),
        h.q_lora_rank.value_or(0), h.n_expert.value_or(0), h.n_expert_used.max(),
        h.n_vocab.value_or(0), h.n_ctx_train.value_or(0)}) {
    row += "," + std::to_string(n);
  }
  return row;
}

}  // namespace

TEST_CASE("every config of the corpus gives the facts that were read from it by other means") {
  std::ifstream table(test::test_data("configs.csv"));
  std::set<std::string> seen;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    const std::string name = line.substr(0, line.find(','));
    seen.insert(name);
    CHECK(row_of(name, model_of_file(name)) == line);
  }
  for (const auto& [name, message] : refused) {
    INFO(name);
    seen.insert(name);
    const auto model = parse_hf_config(config_text(name), name);
    REQUIRE_FALSE(model);
    CHECK(model.error().message == message);
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::test_data("configs"))) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json") continue;
    INFO(name);
    CHECK(seen.count(name) == 1);
    ++files;
  }
  CHECK(files == seen.size());
}

TEST_CASE("what is no config is named for what it is") {
  struct Row {
    std::string text, message;
    ErrorCode code;
  };
  const std::vector<Row> rows = {
      {"", "the file is empty", ErrorCode::not_a_model},
      {" \n", "the file is empty", ErrorCode::not_a_model},
      {"{}", "an empty object", ErrorCode::not_a_model},
      {"[]", "JSON, but not an object", ErrorCode::not_a_model},
      {"null", "JSON, but not an object", ErrorCode::not_a_model},
      {"NaN", "JSON, but not an object", ErrorCode::not_a_model},
      {"<!DOCTYPE html>", "a web page, not a config.json", ErrorCode::not_a_model},
      {"version https://git-lfs.github.com/spec/v1",
       "a git-lfs pointer, not the file it stands for, not a config.json", ErrorCode::not_a_model},
      {"GGUF....", "a GGUF file, not a config.json", ErrorCode::not_a_model},
      {std::string("\xff\xfe{\0", 4), "UTF-16 text, not a config.json", ErrorCode::not_a_model},
      {"{'weight_map': {}}", "a safetensors index, not a config.json", ErrorCode::not_a_model},
      {"{'tokenizer_class': 'X'}", "a tokenizer's config, not a config.json",
       ErrorCode::not_a_model},
      {"{'a': ", "not valid JSON", ErrorCode::malformed},
      {"{'a': 1}}}", "not valid JSON", ErrorCode::malformed},
      {"{'a': '\xff\xfe'}", "not valid JSON", ErrorCode::malformed},
      {"{'a': '\\ud800'}", "not valid JSON", ErrorCode::malformed},
      {"{'a': 1e400}", "a number is too large to be read", ErrorCode::limit},
      {"{'a': " + std::string(100000, '9') + "}", "a number is too large to be read",
       ErrorCode::limit},
      {std::string(100000, '['), "nested deeper than 200 levels", ErrorCode::limit},
      {std::string((16U << 20U) + 1, ' '), "larger than 16 MiB, which no config.json is",
       ErrorCode::limit},
  };
  for (const auto& row : rows) {
    const auto model = parse_hf_config(quoted(row.text), "config.json");
    INFO(row.text.substr(0, 60));
    REQUIRE_FALSE(model);
    CHECK(model.error().message == row.message);
    CHECK(model.error().code == row.code);
    CHECK(model.error().where.substr(0, 11) == "config.json");
  }
  CHECK(error_of("{'a': ").where == "config.json: byte 7");
}

TEST_CASE("a file is named after its place, else after what it says") {
  const std::string text = R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 1, "_name_or_path": "base/Model-1B"})";
  const auto name = [&](const std::string& source) {
    return checked(parse_hf_config(text, source)).name;
  };
  CHECK(name("Qwen3-8B/config.json") == "Qwen3-8B");
  CHECK(name("dir/Qwen__Qwen3-8B.json") == "Qwen/Qwen3-8B");
  CHECK(name("hub/models--Qwen--Qwen3-8B/snapshots/0123/config.json") == "Qwen/Qwen3-8B");
  CHECK(name("config.json") == "base/Model-1B");
  CHECK(name("./config.json") == "base/Model-1B");
}

TEST_CASE("an architecture nobody knows keeps its own word and is marked assumed") {
  const auto model = model_of_text(
      "{'model_type': 'novel', 'architectures': ['NovelForCausalLM'], 'hidden_size': 64, "
      "'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 2}");
  CHECK(model.architecture == "novel");
  CHECK_FALSE(model.known_architecture);
  CHECK(model.layout == Provenance::assumed);
  CHECK(model.layers[1].caches[0].shape == HeadShape{2, 16, 16});
}

TEST_CASE("Mistral's own params.json is a llama") {
  const auto model = model_of_text(
      "{'dim': 5120, 'n_layers': 40, 'head_dim': 128, 'hidden_dim': 14336, 'n_heads': 32, "
      "'n_kv_heads': 8, 'vocab_size': 131072}");
  CHECK(model.architecture == "llama");
  CHECK(model.n_params == 12247782400);
  CHECK(model.layers[39].caches[0].shape == HeadShape{8, 128, 128});
}

TEST_CASE("a checkpoint adds its bytes, and a note when it disagrees with the config") {
  const std::string text = config_text("TinyLlama__TinyLlama-1.1B-Chat-v1.0");
  Checkpoint checkpoint;
  checkpoint.total = Bytes{2200119864};
  auto model = checked(parse_hf_config(text, "x", &checkpoint));
  CHECK(model.checkpoint_bytes == Bytes{2200119864});
  CHECK(model.notes.empty());
  checkpoint.n_params = 1200000000;
  model = checked(parse_hf_config(text, "x", &checkpoint));
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].code == "parameter-count");

  // A tower for images is in the checkpoint and not in the language model.
  checkpoint.n_params = 8291375616;
  const auto vision =
      parse_hf_config(config_text("allenai__olmOCR-7B-0225-preview"), "x", &checkpoint);
  REQUIRE(vision);
  CHECK(vision.value().notes.empty());
}

namespace {

Checkpoint::Entry entry(const char* name, const char* dtype, std::vector<std::uint64_t> shape,
                        std::uint64_t bytes) {
  return {name, std::move(shape), dtype, Bytes{bytes}};
}

}  // namespace

TEST_CASE("packed integers and FP8 count as the weights they hold, side data as none") {
  Checkpoint checkpoint;
  checkpoint.from_headers = true;
  checkpoint.tensors = {entry("a.qweight", "I32", {512, 4096}, 512 * 4096 * 4),
                        entry("a.qzeros", "I32", {32, 512}, 32 * 512 * 4),
                        entry("a.scales", "F16", {32, 4096}, 32 * 4096 * 2),
                        entry("a.g_idx", "I32", {4096}, 4096 * 4),
                        entry("norm.weight", "F16", {4096}, 4096 * 2)};
  const std::string unknown =
      "{\"model_type\": \"novel\", \"hidden_size\": 64, "
      "\"num_hidden_layers\": 2, \"num_attention_heads\": 4";
  const std::string gptq =
      ", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128}}";
  const auto count = [&](const std::string& text) {
    return checked(parse_hf_config(text, "x", &checkpoint)).n_params;
  };
  CHECK(count(unknown + gptq) == 4096 * 4096 + 4096);
  CHECK(count(unknown + "}") == 0);  // integers of an unknown packing
  checkpoint.tensors = {entry("a.weight", "F8_E4M3", {64, 64}, 4096),
                        entry("a.weight_scale_inv", "F32", {1, 1}, 4)};
  CHECK(count(unknown + "}") == 4096);
}

TEST_CASE("a quantized checkpoint of another size than its config describes is noted") {
  const std::string text = config_text("Qwen__Qwen3-14B-MLX-4bit");
  Checkpoint checkpoint;
  checkpoint.total = Bytes{8307783680};
  CHECK(checked(parse_hf_config(text, "x", &checkpoint)).notes.empty());
  checkpoint.total = Bytes{9000000000};
  const auto model = checked(parse_hf_config(text, "x", &checkpoint));
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].code == "checkpoint-size");
  CHECK(model.notes[0].message == "the checkpoint holds 8.38 GiB, the config gives 7.74 GiB");
}

TEST_CASE("headers of plain tensors count, packed ones do not") {
  const std::string text =
      "{'model_type': 'novel', 'hidden_size': 64, 'num_hidden_layers': 1, 'num_attention_heads': "
      "1}";
  Checkpoint checkpoint;
  checkpoint.from_headers = true;
  checkpoint.tensors = {{"a", {4, 5}, "BF16", Bytes{40}}, {"b", {3}, "F32", Bytes{12}}};
  CHECK(model_of_text(text, &checkpoint).n_params == 23);
  checkpoint.tensors.push_back({"c", {8}, "I32", Bytes{32}});
  CHECK(model_of_text(text, &checkpoint).n_params == 0);
}

TEST_CASE("sizes that contradict each other are refused") {
  const auto with = [](const std::string& heads) {
    return error_of("{'model_type': 'llama', 'hidden_size': 4096, 'num_hidden_layers': 2, " +
                    heads + "}");
  };
  CHECK(with("'num_attention_heads': 33").message ==
        "hidden size 4096 is not a multiple of 33 heads, and there is no head_dim");
  CHECK(with("'num_attention_heads': 32, 'num_key_value_heads': 64").message ==
        "32 heads cannot share 64 key-value heads");
  CHECK(with("'num_attention_heads': 32, 'num_key_value_heads': 5").where ==
        "config.json: /num_key_value_heads");
  CHECK(with("'num_attention_heads': 0").message == "num_attention_heads is 0");
  CHECK(with("'num_attention_heads': 32, 'num_key_value_heads': 0").message ==
        "num_key_value_heads is 0");
  CHECK(error_of("{'hidden_size': 64, 'num_hidden_layers': 1000000000}").message ==
        "1000000000 layers, more than any model has");
  CHECK(error_of("{'hidden_size': 64, 'num_hidden_layers': 0}").message ==
        "num_hidden_layers is 0");
}
