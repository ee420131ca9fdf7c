#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace fitvram {

/// What people hand over when a model is asked for, told by its first bytes or, in JSON, its keys.
enum class FileKind {
  empty,
  gguf,
  safetensors,
  json,
  html,         ///< a web page, usually saved instead of the file
  lfs_pointer,  ///< a git-lfs stand-in for a file that was not fetched
  old_ggml,     ///< ggml, ggmf, ggjt, ggla: before GGUF (August 2023)
  zip,          ///< a PyTorch checkpoint, or any other archive
  pickle,       ///< an old PyTorch checkpoint
  utf16,
  modelfile,  ///< Ollama's
  ini,        ///< llama-server's models.ini
  yaml,
  // JSON
  safetensors_index,
  lora_adapter,
  ollama_manifest,
  ollama_config,
  modelopt,
  gptq_description,
  diffusers,
  sentence_transformers,
  tokenizer_config,
  tokenizer,
  generation_config,
  preprocessor_config,
  chat_template,
  trainer_state,
  unknown
};

/// Looks at the first bytes and, for safetensors, at the size.
FileKind file_kind(std::span<const std::byte> bytes);

/// What a JSON object is that no model's config would be; FileKind::json when nothing tells. `has`
/// says whether a key is there, "a/b" being key b of object a.
FileKind json_kind(const std::function<bool(std::string_view)>& has);

/// "an HTML page": follows "this is".
const char* name_of(FileKind kind);

/// What to do when a model was expected; empty when there is nothing to say.
const char* hint_for(FileKind kind);

}  // namespace fitvram
