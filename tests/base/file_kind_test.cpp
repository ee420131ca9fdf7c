#include "base/file_kind.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "catch.hpp"

using namespace fitvram;

namespace {

FileKind kind_of(std::string_view text) { return file_kind(std::as_bytes(std::span(text))); }

FileKind kind_with(const std::set<std::string, std::less<>>& keys) {
  return json_kind([&](std::string_view key) { return keys.contains(key); });
}

}  // namespace

TEST_CASE("a file's first bytes tell its kind") {
  CHECK(kind_of("") == FileKind::empty);
  CHECK(kind_of("GGUF\x03") == FileKind::gguf);
  CHECK(kind_of("<!DOCTYPE html>") == FileKind::html);
  CHECK(kind_of("\xef\xbb\xbf {}") == FileKind::json);
  CHECK(kind_of("\xff\xfe{") == FileKind::utf16);
  CHECK(kind_of("# mine\nFROM ./a.gguf\n") == FileKind::modelfile);
  CHECK(kind_of("from llama3\r\nPARAMETER num_ctx 1\r\n") == FileKind::modelfile);
  CHECK(kind_of("from torch import nn\n") == FileKind::unknown);
  CHECK(kind_of("; presets\n[qwen3-8b]\nmodel = a.gguf\n") == FileKind::ini);
  CHECK(kind_of("[1, 2]\n") == FileKind::unknown);
  CHECK(kind_of("---\nmodel: x\n") == FileKind::yaml);
  CHECK(kind_of("base_model: x\n") == FileKind::yaml);
  CHECK(kind_of("http://x\n") == FileKind::unknown);
  CHECK(kind_of("words and more: words\n") == FileKind::unknown);
}

TEST_CASE("keys tell what a JSON text is, and a model's are never taken for another's") {
  CHECK(kind_with({"weight_map"}) == FileKind::safetensors_index);
  CHECK(kind_with({"peft_type", "r"}) == FileKind::lora_adapter);
  CHECK(kind_with({"schemaVersion", "layers"}) == FileKind::ollama_manifest);
  CHECK(kind_with({"model_family", "rootfs"}) == FileKind::ollama_config);
  CHECK(kind_with({"quantization", "quantization/quant_algo"}) == FileKind::modelopt);
  CHECK(kind_with({"bits", "group_size"}) == FileKind::gptq_description);
  CHECK(kind_with({"_class_name", "_diffusers_version"}) == FileKind::diffusers);
  CHECK(kind_with({"__version__", "__version__/sentence_transformers"}) ==
        FileKind::sentence_transformers);
  CHECK(kind_with({"tokenizer_class"}) == FileKind::tokenizer_config);
  CHECK(kind_with({"added_tokens", "pre_tokenizer", "model"}) == FileKind::tokenizer);
  CHECK(kind_with({"transformers_version", "eos_token_id"}) == FileKind::generation_config);
  CHECK(kind_with({"image_processor_type"}) == FileKind::preprocessor_config);
  CHECK(kind_with({"log_history", "global_step"}) == FileKind::trainer_state);
  CHECK(kind_with({"model_type", "hidden_size", "tokenizer_class", "transformers_version",
                   "eos_token_id", "bits", "group_size"}) == FileKind::json);
}

TEST_CASE("every kind has a name and says what to do") {
  for (int i = 0; i < static_cast<int>(FileKind::unknown); ++i) {
    const auto kind = static_cast<FileKind>(i);
    INFO(i);
    CHECK_FALSE(std::string(name_of(kind)).empty());
    CHECK_FALSE(std::string(hint_for(kind)).empty());
  }
  CHECK(std::string(name_of(FileKind::unknown)).empty());
}
