#pragma once
#include <cstddef>
#include <span>

namespace fitvram {

/// What people hand over when a model file is asked for, told by its first bytes.
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
  unknown
};

/// Looks at the first 64 bytes and, for safetensors, at the size.
FileKind file_kind(std::span<const std::byte> bytes);

/// "an HTML page": follows "this is".
const char* name_of(FileKind kind);

/// What to do when a GGUF or safetensors file was expected; empty when there is nothing to say.
const char* hint_for(FileKind kind);

}  // namespace fitvram
