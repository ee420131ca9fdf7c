#include "base/file_kind.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace fitvram {
namespace {

using namespace std::string_view_literals;

struct Prefix {
  std::string_view text;
  FileKind kind;
};

// Matched against the file's first bytes, in lower case except for binary magics.
constexpr Prefix text_prefixes[] = {
    {"<!doctype"sv, FileKind::html}, {"<html"sv, FileKind::html},
    {"<?xml"sv, FileKind::html},     {"version https://git-lfs"sv, FileKind::lfs_pointer},
    {"{"sv, FileKind::json},
};

constexpr Prefix binary_prefixes[] = {
    {"GGUF"sv, FileKind::gguf},       {"lmgg"sv, FileKind::old_ggml},
    {"fmgg"sv, FileKind::old_ggml},   {"tjgg"sv, FileKind::old_ggml},
    {"algg"sv, FileKind::old_ggml},   {"ggml"sv, FileKind::old_ggml},
    {"ggmf"sv, FileKind::old_ggml},   {"ggjt"sv, FileKind::old_ggml},
    {"ggla"sv, FileKind::old_ggml},   {"PK\x03\x04"sv, FileKind::zip},
    {"\x80\x02"sv, FileKind::pickle}, {"\x80\x03"sv, FileKind::pickle},
    {"\x80\x04"sv, FileKind::pickle},
};

constexpr std::uint64_t length_field = 8;

bool is_safetensors(std::string_view head, std::uint64_t size) {
  if (head.size() <= length_field || head[length_field] != '{') return false;
  std::uint64_t length = 0;
  for (std::size_t i = length_field; i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(head[i]);
  return length >= 2 && length <= size;
}

}  // namespace

FileKind file_kind(std::span<const std::byte> bytes) {
  if (bytes.empty()) return FileKind::empty;
  std::string head(std::min<std::size_t>(bytes.size(), 64), '\0');
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
  return FileKind::unknown;
}

const char* name_of(FileKind kind) {
  switch (kind) {
    case FileKind::empty:
      return "an empty file";
    case FileKind::gguf:
      return "a GGUF file";
    case FileKind::safetensors:
      return "a safetensors file";
    case FileKind::json:
      return "a JSON text";
    case FileKind::html:
      return "a web page";
    case FileKind::lfs_pointer:
      return "a git-lfs pointer, not the file it stands for";
    case FileKind::old_ggml:
      return "a model in the GGML format that GGUF replaced";
    case FileKind::zip:
      return "a zip archive, perhaps a PyTorch checkpoint";
    case FileKind::pickle:
      return "a PyTorch checkpoint (pickle)";
    case FileKind::unknown:
      break;
  }
  return "";
}

const char* hint_for(FileKind kind) {
  switch (kind) {
    case FileKind::empty:
      return "the download may have failed";
    case FileKind::gguf:
      return "name it .gguf";
    case FileKind::safetensors:
      return "give the directory or its config.json";
    case FileKind::json:
      return "give it as config.json or with the extension .json";
    case FileKind::html:
      return "fetch the file itself: on Hugging Face, /resolve/ instead of /blob/";
    case FileKind::lfs_pointer:
      return "run 'git lfs pull' in the repository";
    case FileKind::old_ggml:
      return "convert it to GGUF, or get a GGUF of the same model";
    case FileKind::zip:
    case FileKind::pickle:
      return "give the model's config.json, or convert it to GGUF";
    case FileKind::unknown:
      break;
  }
  return "";
}

}  // namespace fitvram
