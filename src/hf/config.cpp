#include <algorithm>
#include <array>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "base/file_kind.hpp"
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
constexpr const char* ollama_model = "application/vnd.ollama.image.model";

[[noreturn]] void not_a_model(const std::string& message, const std::string& hint) {
  throw Malformed(ErrorCode::not_a_model, "", message, hint);
}

[[noreturn]] void not_a_model(FileKind kind) {
  not_a_model(std::string(name_of(kind)) + ", not a config.json", hint_for(kind));
}

void refuse_other_files(std::string_view text) {
  if (text.size() > most_bytes) {
    throw Malformed(ErrorCode::limit, "", "larger than 16 MiB, which no config.json is");
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    not_a_model("the file is empty", "download it again");
  const FileKind kind = file_kind(std::as_bytes(std::span(text)));
  if (kind != FileKind::json && kind != FileKind::unknown) not_a_model(kind);
}

// Ollama's manifest names the blob that is the model.
[[noreturn]] void refuse_manifest(const json& root) {
  std::string hint = hint_for(FileKind::ollama_manifest);
  const auto layers = root.find("layers");
  for (const json& layer : layers->is_array() ? *layers : json::array()) {
    if (!layer.is_object() || layer.value("mediaType", json()) != ollama_model) continue;
    const json digest = layer.value("digest", json());
    if (!digest.is_string()) continue;
    std::string blob = digest.get<std::string>();
    std::replace(blob.begin(), blob.end(), ':', '-');
    hint = "give the model it names: blobs/" + blob;
  }
  not_a_model("an Ollama manifest, not a config.json", hint);
}

bool has_path(const json& root, std::string_view path) {
  const json* value = &root;
  while (true) {
    const auto slash = path.find('/');
    if (!value->is_object()) return false;
    const auto found = value->find(std::string(path.substr(0, slash)));
    if (found == value->end() || found->is_null()) return false;
    if (slash == std::string_view::npos) return true;
    value = &*found;
    path.remove_prefix(slash + 1);
  }
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
  const bool modules = root.is_array() && !root.empty() && has_path(root.front(), "type") &&
                       has_path(root.front(), "path");
  if (modules) not_a_model(FileKind::sentence_transformers);
  if (!root.is_object()) not_a_model("JSON, but not an object", "");
  if (root.empty()) not_a_model("an empty object", "download the file again");
  const FileKind kind = json_kind([&](std::string_view key) { return has_path(root, key); });
  if (kind == FileKind::ollama_manifest) refuse_manifest(root);
  if (kind != FileKind::json) not_a_model(kind);
  // Meta's way to say that the tokenizer knows.
  if (const auto n_vocab = root.find("vocab_size"); n_vocab != root.end() && *n_vocab == -1)
    *n_vocab = nullptr;
  return root;
}

/// The text inside a composite may be of another architecture than its class suggests.
std::string_view named_by(const Family& family, const HfReader& reader) {
  if (family.config.instead == nullptr) return family.gguf;
  const std::string_view instead = family.config.instead(reader);
  return instead.empty() ? family.gguf : instead;
}

// Makers write files of their own, too, in words that other makers use for another model.
void refuse_own_format(const HfReader& reader) {
  if (!reader.architecture_words().empty() || !reader.has("dim") || !reader.has("n_heads")) return;
  const std::string own = reader.word("model_architecture");
  throw Malformed(ErrorCode::unsupported, "",
                  own.empty() ? "a format of its own, with neither model_type nor architectures"
                              : "a format of its own, of a '" + own + "'",
                  "give a config.json as transformers writes it");
}

// Encoders that listen or read, and a decoder: but for those that llama.cpp has.
void refuse_encoder_decoder(const HfReader& reader, const std::string& architecture) {
  if (known_family(architecture) != nullptr || !reader.flag("is_encoder_decoder").value_or(false))
    return;
  const bool speech = reader.has("num_mel_bins max_source_positions");
  throw Malformed(
      ErrorCode::unsupported, reader.where("model_type"),
      std::string(speech ? "an encoder-decoder speech model" : "an encoder-decoder model") + " ('" +
          architecture + "')",
      "fitvram counts the language models of llama.cpp v0.5.0");
}

// Its sizes are in another file.
void refuse_reference(const HfReader& reader) {
  const std::string id = reader.word("text_model_id");
  if (id.empty() || reader.nested()) return;
  throw Malformed(ErrorCode::unsupported, reader.where("text_model_id"),
                  "the language model is that of another repository: " + id,
                  "give the config.json of " + id);
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
  refuse_own_format(reader);
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
  refuse_reference(reader);
  h.architecture = architecture_of(reader);
  refuse_encoder_decoder(reader, h.architecture);
  reader.use_defaults(find_family(h.architecture));
  read_keys(reader, h);
  read_own_keys(reader, h);
  check_heads(reader, h, needs_heads(h));
  const auto tied = reader.flag(
      "tie_word_embeddings tie_embedding tie_embeddings weight_tying tied_embeddings "
      "share_input_output_layers");
  const Family* family = known_family(h.architecture);
  if (tied || !h.tied_embeddings)
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
