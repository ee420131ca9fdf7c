#include "base/file_kind.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

namespace fitvram {
namespace {

using namespace std::string_view_literals;

struct Row {
  FileKind kind;
  const char* name;
  const char* hint;
};

constexpr Row rows[] = {
    {FileKind::empty, "an empty file", "the download may have failed"},
    {FileKind::gguf, "a GGUF file", "name it .gguf"},
    {FileKind::safetensors, "a safetensors file", "give the directory or its config.json"},
    {FileKind::json, "a JSON text", "give it as config.json or with the extension .json"},
    {FileKind::html, "a web page",
     "fetch the file itself: on Hugging Face, /resolve/ instead of /blob/"},
    {FileKind::lfs_pointer, "a git-lfs pointer, not the file it stands for",
     "run 'git lfs pull' in the repository"},
    {FileKind::old_ggml, "a model in the GGML format that GGUF replaced",
     "convert it to GGUF, or get a GGUF of the same model"},
    {FileKind::zip, "a zip archive, perhaps a PyTorch checkpoint",
     "give the model's config.json, or convert it to GGUF"},
    {FileKind::pickle, "a PyTorch checkpoint (pickle)",
     "give the model's config.json, or convert it to GGUF"},
    {FileKind::utf16, "UTF-16 text", "save the file as UTF-8"},
    {FileKind::modelfile, "an Ollama Modelfile", "name the GGUF file after its FROM"},
    {FileKind::ini, "an INI file, perhaps llama-server's list of models",
     "name the GGUF file after its 'model ='"},
    {FileKind::yaml, "a YAML text", "give the model's config.json or GGUF file"},
    {FileKind::safetensors_index, "a safetensors index", "use the config.json beside it"},
    {FileKind::lora_adapter, "a LoRA adapter's config",
     "give the config.json of the model it adapts (base_model_name_or_path)"},
    {FileKind::ollama_manifest, "an Ollama manifest",
     "give the blob of its layer application/vnd.ollama.image.model"},
    {FileKind::ollama_config, "Ollama's description of an image",
     "give the blob of the manifest's layer application/vnd.ollama.image.model"},
    {FileKind::modelopt, "modelopt's description of a quantization",
     "use the config.json beside it"},
    {FileKind::gptq_description, "AutoGPTQ's description of a quantization",
     "use the config.json beside it"},
    {FileKind::diffusers, "a diffusers pipeline or a part of one", "it holds no language model"},
    {FileKind::sentence_transformers, "a sentence-transformers description",
     "use the config.json beside it"},
    {FileKind::tokenizer_config, "a tokenizer's config", "use the config.json beside it"},
    {FileKind::tokenizer, "a tokenizer", "use the config.json beside it"},
    {FileKind::generation_config, "settings of text generation", "use the config.json beside it"},
    {FileKind::preprocessor_config, "a preprocessor's config", "use the config.json beside it"},
    {FileKind::chat_template, "a chat template", "use the config.json beside it"},
    {FileKind::trainer_state, "the state of a training run", "use the config.json beside it"},
    {FileKind::unknown, "", ""},
};

struct Prefix {
  std::string_view text;
  FileKind kind;
};

// Matched against the file's first bytes, in lower case except for binary magics.
constexpr Prefix text_prefixes[] = {
    {"<!doctype"sv, FileKind::html}, {"<html"sv, FileKind::html},
    {"<?xml"sv, FileKind::html},     {"version https://git-lfs"sv, FileKind::lfs_pointer},
    {"{"sv, FileKind::json},         {"---\n"sv, FileKind::yaml},
};

constexpr Prefix binary_prefixes[] = {
    {"GGUF"sv, FileKind::gguf},       {"lmgg"sv, FileKind::old_ggml},
    {"fmgg"sv, FileKind::old_ggml},   {"tjgg"sv, FileKind::old_ggml},
    {"algg"sv, FileKind::old_ggml},   {"ggml"sv, FileKind::old_ggml},
    {"ggmf"sv, FileKind::old_ggml},   {"ggjt"sv, FileKind::old_ggml},
    {"ggla"sv, FileKind::old_ggml},   {"PK\x03\x04"sv, FileKind::zip},
    {"\x80\x02"sv, FileKind::pickle}, {"\x80\x03"sv, FileKind::pickle},
    {"\x80\x04"sv, FileKind::pickle}, {"\xff\xfe"sv, FileKind::utf16},
    {"\xfe\xff"sv, FileKind::utf16},  {"{\0"sv, FileKind::utf16},
    {"\0{"sv, FileKind::utf16},
};

// Keys that are all there, and keys of which none is.
struct Keys {
  FileKind kind;
  std::string_view all;
  std::string_view none = {};
};

constexpr Keys json_keys[] = {
    {FileKind::safetensors_index, "weight_map"},
    {FileKind::lora_adapter, "peft_type"},
    {FileKind::lora_adapter, "base_model_name_or_path lora_alpha"},
    {FileKind::lora_adapter, "lora_parameters", "model_type architectures"},
    {FileKind::ollama_manifest, "schemaVersion layers"},
    {FileKind::ollama_config, "model_family rootfs"},
    {FileKind::modelopt, "quantization/quant_algo", "model_type architectures hidden_size"},
    {FileKind::gptq_description, "bits group_size", "model_type architectures hidden_size"},
    {FileKind::gptq_description, "w_bit q_group_size", "model_type architectures hidden_size"},
    {FileKind::diffusers, "_class_name _diffusers_version"},
    {FileKind::sentence_transformers, "__version__/sentence_transformers"},
    {FileKind::sentence_transformers, "max_seq_length do_lower_case",
     "model_type architectures hidden_size"},
    {FileKind::tokenizer_config, "tokenizer_class", "model_type architectures"},
    {FileKind::tokenizer, "added_tokens pre_tokenizer model"},
    {FileKind::preprocessor_config, "image_processor_type", "model_type architectures"},
    {FileKind::preprocessor_config, "feature_extractor_type", "model_type architectures"},
    {FileKind::preprocessor_config, "processor_class", "model_type architectures"},
    {FileKind::generation_config, "transformers_version eos_token_id",
     "model_type architectures hidden_size n_embd d_model"},
    {FileKind::generation_config, "_from_model_config", "model_type architectures"},
    {FileKind::chat_template, "chat_template", "model_type architectures hidden_size"},
    {FileKind::trainer_state, "log_history global_step"},
};

constexpr std::uint64_t length_field = 8;

bool is_safetensors(std::string_view head, std::uint64_t size) {
  if (head.size() <= length_field || head[length_field] != '{') return false;
  std::uint64_t length = 0;
  for (std::size_t i = length_field; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(head[i]);
  return length >= 2 && length <= size;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

/// The kind of a text by its first line that is no comment, in lower case, and what follows: the
/// name of a section has assignments after it, a list of JSON has not.
FileKind kind_of_line(std::string_view line, std::string_view rest) {
  if (line.starts_with("from ") && line.find(" import ") == std::string_view::npos)
    return FileKind::modelfile;
  const bool named =
      line.starts_with('[') && line.ends_with(']') && is_name(line.substr(1, line.size() - 2));
  if (named && rest.find('=') != std::string_view::npos) return FileKind::ini;
  const auto colon = line.find(':');
  const bool ends =
      colon != std::string_view::npos && (colon + 1 == line.size() || line[colon + 1] == ' ');
  return ends && is_name(line.substr(0, colon)) ? FileKind::yaml : FileKind::unknown;
}

FileKind kind_of_text(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#' && line.front() != ';')
      return kind_of_line(line, end == std::string_view::npos ? "" : text.substr(end + 1));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return FileKind::unknown;
}

template <typename Test>
bool each_word(std::string_view words, Test holds) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (!holds(words.substr(0, end))) return false;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return true;
}

const Row& row_of(FileKind kind) { return *std::ranges::find(rows, kind, &Row::kind); }

}  // namespace

FileKind file_kind(std::span<const std::byte> bytes) {
  if (bytes.empty()) return FileKind::empty;
  std::string head(std::min<std::size_t>(bytes.size(), 512), '\0');
  std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head.size()),
                 head.begin(), [](std::byte b) { return static_cast<char>(b); });
  for (const auto& prefix : binary_prefixes)
    if (head.starts_with(prefix.text)) return prefix.kind;
  if (is_safetensors(head, bytes.size())) return FileKind::safetensors;

  if (head.starts_with("\xef\xbb\xbf")) head.erase(0, 3);
  head.erase(0, head.find_first_not_of(" \t\r\n"));
  for (auto& c : head)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const auto& prefix : text_prefixes)
    if (head.starts_with(prefix.text)) return prefix.kind;
  return kind_of_text(head);
}

FileKind json_kind(const std::function<bool(std::string_view)>& has) {
  const auto lacks = [&](std::string_view key) { return !has(key); };
  for (const Keys& keys : json_keys)
    if (each_word(keys.all, has) && each_word(keys.none, lacks)) return keys.kind;
  return FileKind::json;
}

const char* name_of(FileKind kind) { return row_of(kind).name; }

const char* hint_for(FileKind kind) { return row_of(kind).hint; }

}  // namespace fitvram
