#include <algorithm>
#include <array>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/malformed.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "fitvram/parse.hpp"
#include "fitvram/quantize.hpp"
#include "hf/checkpoint.hpp"
#include "hf/keys.hpp"
#include "hf/packings.hpp"
#include "hf/python_json.hpp"
#include "hf/quant.hpp"
#include "hf/reader.hpp"
#include "hf/towers.hpp"
#include "model/layers.hpp"
#include "model/tensors.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

constexpr std::size_t most_bytes = std::size_t{16} << 20;
constexpr std::size_t most_depth = 200;

[[noreturn]] void not_a_model(const std::string& message, const std::string& hint) {
  throw Malformed(ErrorCode::not_a_model, "", message, hint);
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

void refuse_other_files(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.size() > most_bytes) {
    throw Malformed(ErrorCode::limit, "", "larger than 16 MiB, which no config.json is");
  }
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) not_a_model("the file is empty", "download it again");
  if (starts_with(text, "\xff\xfe") || starts_with(text, "\xfe\xff") ||
      (text.size() > 1 && (text[0] == '\0' || text[1] == '\0'))) {
    not_a_model("UTF-16 text; a config.json is UTF-8", "save the file as UTF-8");
  }
  if (text[start] == '<') {
    not_a_model("a web page, not a config.json", "download the file itself, not its page");
  }
  if (starts_with(text, "version https://git-lfs")) {
    not_a_model("a Git LFS pointer, not a config.json", "run 'git lfs pull'");
  }
  if (starts_with(text, "GGUF")) not_a_model("a GGUF file, not a config.json", "");
}

json parse_object(std::string_view text) {
  refuse_other_files(text);
  json root;
  try {
    root = json::parse(strict_json(text, most_depth));
  } catch (const json::parse_error& error) {
    throw Malformed(ErrorCode::malformed, "byte " + std::to_string(error.byte), "not valid JSON",
                    "download the file again");
  } catch (const json::out_of_range&) {
    throw Malformed(ErrorCode::limit, "", "a number is too large to be read");
  }
  if (!root.is_object()) not_a_model("JSON, but not an object", "");
  if (root.contains("weight_map")) {
    not_a_model("a safetensors index, not a config.json", "use the config.json beside it");
  }
  if (root.contains("tokenizer_class") && !root.contains("model_type") &&
      !root.contains("architectures")) {
    not_a_model("a tokenizer's config, not a model's", "use the config.json beside it");
  }
  if (root.empty()) not_a_model("an empty object", "download the file again");
  return root;
}

/// The text inside a composite may be of another architecture than its class suggests.
std::string_view named_by(const Family& family, const HfReader& reader) {
  if (family.config.instead == nullptr) return family.gguf;
  const std::string_view instead = family.config.instead(reader);
  return instead.empty() ? family.gguf : instead;
}

std::string architecture_of(const HfReader& reader) {
  const auto words = reader.architecture_words();
  for (const auto& word : words) {
    const Family* family = find_family_of_hf(word);
    if (family == nullptr) continue;
    return family->gguf.empty() ? word : std::string(named_by(*family, reader));
  }
  for (const Family* family : families())
    if (family->config.claims != nullptr && family->config.claims(reader))
      return std::string(family->gguf);
  const std::string outer = reader.outer_model_type();
  const bool decides = std::find(words.begin(), words.end(), outer) != words.end();
  return decides || words.empty() ? outer : words.front();
}

// The file's own place says best what the model is called; _name_or_path is often the model it was
// tuned from, or a directory of its makers.
std::string name_of_model(const HfReader& reader, const std::string& source) {
  std::string_view rest = source;
  constexpr std::array<std::string_view, 3> files{"config.json", ".json", "/"};
  for (const auto file : files) {
    if (rest.size() >= file.size() && rest.substr(rest.size() - file.size()) == file) {
      rest.remove_suffix(file.size());
    }
  }
  if (const std::size_t cache = rest.find("models--"); cache != std::string_view::npos) {
    rest = rest.substr(cache + 8);
    rest = rest.substr(0, rest.find('/'));
    std::string name(rest);
    if (const std::size_t two = name.find("--"); two != std::string::npos)
      name.replace(two, 2, "/");
    return name;
  }
  if (const std::size_t slash = rest.rfind('/'); slash != std::string_view::npos) {
    rest.remove_prefix(slash + 1);
  }
  std::string name(rest);
  if (const std::size_t two = name.find("__"); two != std::string::npos) name.replace(two, 2, "/");
  const std::string stated = reader.word("_name_or_path");
  return name.empty() || name == "." || name == ".." ? stated : name;
}

bool needs_heads(const Hparams& h) {
  const Family* family = find_family(h.architecture);
  if (family == nullptr) return !h.wkv_head_size && !h.ssm_state_size;
  const MemoryClass memory = family->cache.memory;
  return memory != MemoryClass::none && memory != MemoryClass::recurrent;
}

/// May refine the architecture: one class can stand for several.
void read_own_keys(const HfReader& reader, Hparams& h) {
  const Family* family = known_family(h.architecture);
  if (family == nullptr || family->gguf.empty()) read_unknown(reader, h);
  if (family != nullptr && family->config.read != nullptr) family->config.read(reader, h);
}

Hparams read_hparams(HfReader& reader) {
  Hparams h;
  h.architecture = architecture_of(reader);
  reader.use_defaults(find_family(h.architecture));
  read_keys(reader, h);
  read_own_keys(reader, h);
  check_heads(reader, h, needs_heads(h));
  const auto tied = reader.flag(
      "tie_word_embeddings tie_embedding weight_tying tied_embeddings "
      "share_input_output_layers");
  const Family* family = known_family(h.architecture);
  h.tied_embeddings = tied ? *tied : family != nullptr && family->config.ties;
  return h;
}

void note(ModelInfo& model, Severity severity, std::string code, std::string message) {
  model.notes.push_back({severity, std::move(code), std::move(message)});
}

ModelInfo model_of_config(std::string_view text, const std::string& name,
                          const Checkpoint* checkpoint) {
  const json root = parse_object(text);
  HfReader reader(root);
  ModelInfo model;
  model.hparams = read_hparams(reader);
  model.format = ModelFormat::hf_config;
  model.source = name;
  model.model_type = reader.word("model_type");
  model.name = name_of_model(reader, name);
  model.hparams.name = model.name;
  model.quant = checkpoint_type(reader);
  model.packings = checkpoint_packings(reader, model.hparams);
  bool partial = false;
  for (const auto& used : reader.defaults_used()) {
    partial = partial || (!used.is_flag && !reader.nested());
    note(model, used.is_flag || reader.nested() ? Severity::info : Severity::warning,
         "config-default",
         "the config leaves out " + used.key + " = " + used.value + ", the default of its class");
  }
  if (reader.has("cross_attention_layers")) {
    note(model, Severity::warning, "cross-attention",
         "cross-attention layers are counted as if they kept every token of the text");
  }
  lower_layers(model);
  lower_tensors(model);
  if (partial) {
    model.layout = weakest(model.layout, Provenance::assumed);
    model.params = weakest(model.params, Provenance::assumed);
  }
  if (const auto towers = tower_params(root, model.hparams.n_embd.value_or(0))) {
    model.n_params_mmproj = *towers;
  } else {
    note(model, Severity::info, "towers-unknown",
         "vision or audio towers of this kind are not counted");
  }
  if (checkpoint != nullptr) compare(reader, *checkpoint, model);
  return model;
}

}  // namespace

Result<ModelInfo> parse_hf_config(std::string_view text, const std::string& name,
                                  const Checkpoint* checkpoint) {
  try {
    return model_of_config(text, name, checkpoint);
  } catch (const Malformed& error) {
    return error.to_error(name);
  } catch (const json::exception&) {
    return Error{ErrorCode::malformed, name, "not a config.json that can be read", ""};
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::limit, name, "not enough memory to read the file", ""};
  } catch (const std::length_error&) {
    return Error{ErrorCode::limit, name, "not enough memory to read the file", ""};
  }
}

}  // namespace fitvram
