#include "cli/answer/inputs.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "fitvram/parse.hpp"

namespace fitvram::cli {
namespace {

using Models = std::vector<Result<ModelInfo>>;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join(const std::string& directory, std::string_view name) {
  if (directory == ".") return std::string(name);
  return directory + (directory.ends_with('/') ? "" : "/") + std::string(name);
}

bool is_gguf_name(std::string_view name) { return lower_case(name).ends_with(".gguf"); }
bool is_projector(std::string_view name) {
  return lower_case(name).find("mmproj") != std::string::npos;
}

/// "x-00002-of-00003.gguf" taken apart: a prefix, which shard, how many.
struct ShardName {
  std::string prefix;
  std::string suffix;
  std::uint32_t index = 0;
  std::uint32_t count = 0;

  std::string at(std::uint32_t i) const {
    const auto five = [](std::uint32_t n) {
      const auto digits = std::to_string(n);
      return std::string(5 - std::min<std::size_t>(5, digits.size()), '0') + digits;
    };
    return prefix + "-" + five(i) + "-of-" + five(count) + suffix;
  }
};

std::optional<ShardName> shard_name(const std::string& path) {
  constexpr std::size_t tail = sizeof("-00001-of-00003.gguf") - 1;
  if (path.size() <= tail || !is_gguf_name(path)) return std::nullopt;
  const std::size_t at = path.size() - tail;
  const auto number = [&](std::size_t from) -> std::uint32_t {
    std::uint32_t n = 0;
    for (std::size_t i = from; i < from + 5; ++i) {
      if (path[i] < '0' || path[i] > '9') return 0;
      n = n * 10 + static_cast<std::uint32_t>(path[i] - '0');
    }
    return n;
  };
  const auto index = number(at + 1);
  const auto count = number(at + 10);
  if (path[at] != '-' || path.compare(at + 6, 4, "-of-") != 0) return std::nullopt;
  if (index == 0 || count == 0 || index > count) return std::nullopt;
  return ShardName{path.substr(0, at), path.substr(path.size() - 5), index, count};
}

Result<ModelInfo> named(Result<ModelInfo> model, const std::string& path) {
  if (!model) return model;
  model->source = path;
  if (model->name.empty()) model->name = std::string(file_name(path));
  return model;
}

Result<ModelInfo> load_gguf(Io& io, const std::string& path) {
  const auto shard = shard_name(path);
  std::vector<GgufShard> shards;
  const std::uint32_t count = shard ? shard->count : 1;
  for (std::uint32_t i = 1; i <= count; ++i) {
    const std::string file = shard ? shard->at(i) : path;
    if (io.kind_of(file) == PathKind::missing)
      return Error{ErrorCode::io, file,
                   "shard " + std::to_string(i) + " of " + std::to_string(count) + " is missing",
                   "put all " + std::to_string(count) + " files of the model in one directory"};
    auto bytes = io.read_file(file);
    if (!bytes) return bytes.error();
    shards.push_back({file, *bytes});
  }
  return named(parse_gguf(shards), shard ? shard->at(1) : path);
}

/// What the safetensors files beside a config say; nothing is lost when they cannot be read but the
/// exact size, so that becomes a note.
struct CheckpointFiles {
  std::optional<Checkpoint> checkpoint;
  std::vector<Note> notes;
};

CheckpointFiles read_headers(Io& io, const std::string& directory,
                             const std::vector<std::string>& files,
                             std::optional<Checkpoint> index) {
  std::vector<Checkpoint> parts;
  for (const auto& file : files) {
    const auto path = join(directory, file);
    if (index && io.kind_of(path) == PathKind::missing) return {std::move(index), {}};
    const auto bytes = io.read_file(path);
    auto part = bytes ? parse_safetensors(*bytes, path) : Result<Checkpoint>(bytes.error());
    if (!part) {
      const char* instead = index ? "the index" : "config.json";
      return {std::move(index),
              {Note{Severity::warning, "checkpoint-unread",
                    part.error().where + ": " + part.error().message + "; sizes come from " +
                        instead + " instead"}}};
    }
    parts.push_back(std::move(*part));
  }
  Checkpoint whole = merge(std::move(parts));
  auto notes = index ? disagreements(*index, whole) : std::vector<Note>{};
  return {std::move(whole), std::move(notes)};
}

CheckpointFiles read_checkpoint(Io& io, const std::string& directory) {
  const auto names = io.list_directory(directory);
  if (!names) return {};
  constexpr std::string_view index_name = "model.safetensors.index.json";
  if (std::find(names->begin(), names->end(), index_name) != names->end()) {
    const auto path = join(directory, index_name);
    const auto bytes = io.read_file(path);
    auto index =
        bytes ? parse_safetensors_index(text_of(*bytes), path) : Result<Checkpoint>(bytes.error());
    if (!index)
      return {std::nullopt,
              {Note{Severity::warning, "checkpoint-unread",
                    index.error().where + ": " + index.error().message}}};
    const auto shards = index->shards;
    if (shards.empty()) return {std::move(*index), {}};
    return read_headers(io, directory, shards, std::move(*index));
  }
  std::vector<std::string> files;
  for (const auto& name : *names)
    if (name == "model.safetensors" ||
        (name.starts_with("model-") && name.ends_with(".safetensors")))
      files.push_back(name);
  if (files.empty()) return {};
  return read_headers(io, directory, files, std::nullopt);
}

Result<ModelInfo> load_config(Io& io, const std::string& path) {
  const auto bytes = io.read_file(path);
  if (!bytes) return bytes.error();
  CheckpointFiles files;
  if (file_name(path) == "config.json") files = read_checkpoint(io, directory_of(path));
  auto model =
      named(parse_hf_config(text_of(*bytes), path, files.checkpoint ? &*files.checkpoint : nullptr),
            path);
  if (model) model->notes.insert(model->notes.end(), files.notes.begin(), files.notes.end());
  return model;
}

bool has_gguf_magic(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) == 0;
}

Result<ModelInfo> load_file(Io& io, const std::string& path) {
  if (lower_case(path).ends_with(".safetensors"))
    return Error{ErrorCode::not_a_model, path, "holds weights, but not the shape of the model",
                 "name the directory that holds it together with its config.json"};
  if (is_gguf_name(path)) return load_gguf(io, path);
  const auto bytes = io.read_file(path);
  if (!bytes) return bytes.error();
  if (has_gguf_magic(*bytes)) return load_gguf(io, path);
  return load_config(io, path);
}

/// The snapshot that refs/main names in a folder of Hugging Face's cache (models--ORG--NAME), or
/// the only one; empty when `directory` is no such folder or does not say.
std::string snapshot_of(Io& io, const std::string& directory) {
  const auto snapshots = join(directory, "snapshots");
  const auto names = io.list_directory(snapshots);
  if (!names || names->empty()) return {};
  const auto ref = join(join(directory, "refs"), "main");
  if (io.kind_of(ref) == PathKind::file) {
    const auto bytes = io.read_file(ref);
    if (bytes) {
      std::string hash(text_of(*bytes).substr(0, 64));
      hash.erase(std::min(hash.find_first_of(" \r\n"), hash.size()));
      const auto path = join(snapshots, hash);
      if (!hash.empty() && io.kind_of(path) == PathKind::directory) return path;
    }
  }
  return names->size() == 1 ? join(snapshots, names->front()) : std::string();
}

Models load_directory(Io& io, const std::string& directory) {
  const auto names = io.list_directory(directory);
  if (!names) return {names.error()};
  std::vector<std::string> files;
  std::string projectors;
  bool config = false, params = false;
  for (const auto& name : *names) {
    config = config || name == "config.json";
    params = params || name == "params.json";
    if (!is_gguf_name(name)) continue;
    const auto shard = shard_name(name);
    if (is_projector(name))
      projectors += (projectors.empty() ? "" : ", ") + name;
    else if (!shard)
      files.push_back(name);
    else if (const auto first = shard->at(1);
             std::find(files.begin(), files.end(), first) == files.end())
      files.push_back(first);
  }
  if (files.empty() && (config || params))
    return {load_config(io, join(directory, config ? "config.json" : "params.json"))};
  if (files.empty()) {
    const auto snapshot = snapshot_of(io, directory);
    if (!snapshot.empty()) return load_directory(io, snapshot);
    return {Error{ErrorCode::not_a_model, directory, "holds neither a GGUF file nor a config.json",
                  "name a model file, or a directory that holds one"}};
  }
  Models models;
  for (const auto& file : files) {
    models.push_back(load_gguf(io, join(directory, file)));
    if (!models.back() || projectors.empty()) continue;
    models.back()->notes.push_back({Severity::info, "projector-skipped",
                                    projectors + " is a vision projector and is not counted"});
  }
  return models;
}

Result<ModelInfo> load_stdin(Io& io) {
  const auto bytes = io.read_stdin();
  if (!bytes) return bytes.error();
  const std::string name(standard_input);
  if (!has_gguf_magic(*bytes)) return named(parse_hf_config(text_of(*bytes), name), name);
  const GgufShard shard{name, *bytes};
  return named(parse_gguf({&shard, 1}), name);
}

bool looks_like_a_path(const std::string& word) {
  const auto name = lower_case(word);
  return word.starts_with('/') || word.starts_with("./") || word.starts_with("../") ||
         word.starts_with("~/") || word.ends_with('/') || name.ends_with(".gguf") ||
         name.ends_with(".json") || name.ends_with(".safetensors");
}

Error no_such_file(const Io& io, const std::string& path) {
  Error error{ErrorCode::io, path, "no such file or directory", {}};
  const auto directory = directory_of(path);
  const auto names = io.list_directory(directory);
  if (!names) return error;
  const std::vector<std::string_view> candidates(names->begin(), names->end());
  const auto near = closest(file_name(path), candidates);
  if (!near.empty()) error.hint = "did you mean '" + join(directory, near) + "'?";
  return error;
}

template <typename T, typename Key>
void add_or_replace(std::vector<T>& table, std::vector<T> extra, Key key) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < table.size(); ++i) places.emplace(fold_name(table[i].*key), i);
  for (auto& entry : extra) {
    const auto [place, added] = places.emplace(fold_name(entry.*key), table.size());
    if (added)
      table.push_back(std::move(entry));
    else
      table[place->second] = std::move(entry);
  }
}

template <typename T, typename Parse, typename Key>
Result<std::vector<T>> load_table(Io& io, Result<std::vector<T>> embedded(), bool only_files,
                                  const std::vector<std::string>& files, Parse parse, Key key) {
  std::vector<T> table;
  if (!only_files) {
    auto own = embedded();
    if (!own) return own;
    table = std::move(*own);
  }
  for (const auto& file : files) {
    const auto bytes = io.read_file(file);
    if (!bytes) return bytes.error();
    auto extra = parse(text_of(*bytes), file);
    if (!extra) return extra;
    add_or_replace(table, std::move(*extra), key);
  }
  return table;
}

}  // namespace

Result<std::vector<CatalogEntry>> load_catalog(Io& io, const Options& options) {
  return load_table<CatalogEntry>(io, embedded_catalog, options.only_catalog, options.catalogs,
                                  parse_catalog, &CatalogEntry::name);
}

Result<std::vector<GpuCard>> load_gpus(Io& io, const Options& options) {
  return load_table<GpuCard>(io, embedded_cards, options.only_gpus, options.gpu_files, parse_gpus,
                             &GpuCard::display);
}

namespace {

Models models_of_word(Io& io, const std::string& word, const std::vector<CatalogEntry>& catalog) {
  if (word == "-") return {load_stdin(io)};
  switch (io.kind_of(word)) {
    case PathKind::directory:
      return load_directory(io, word);
    case PathKind::file:
    case PathKind::pipe:
    case PathKind::other:
      return {load_file(io, word)};
    case PathKind::missing:
      break;
  }
  if (looks_like_a_path(word)) {
    const auto shard = shard_name(word);
    bool other_shards = false;
    for (std::uint32_t i = 1; shard && i <= shard->count && !other_shards; ++i)
      other_shards = io.kind_of(shard->at(i)) == PathKind::file;
    return {other_shards ? load_gguf(io, word) : no_such_file(io, word)};
  }
  const auto entry = find_model(catalog, word);
  if (!entry) return {entry.error()};
  return {model_of(**entry)};
}

}  // namespace

Models load_models(Io& io, const std::string& word, const std::vector<CatalogEntry>& catalog) {
  auto models = models_of_word(io, word, catalog);
  const auto changed = io.changed_file();
  if (!changed) return models;
  return {Error{ErrorCode::io, *changed, "changed while it was being read",
                "wait until it is written, then try again"}};
}

std::string directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string beside(const Io& io, const std::string& directory, const std::string& word) {
  if (directory == "." || word.starts_with('/') || word.starts_with("~/") || word == "-")
    return word;
  const auto path = join(directory, word);
  return looks_like_a_path(word) || io.kind_of(path) != PathKind::missing ? path : word;
}

Result<std::optional<Gpu>> gpu_of(const std::vector<GpuCard>& cards, const Options& options) {
  if (options.gpu.empty()) {
    if (!options.vram) return std::optional<Gpu>{};
    return std::optional<Gpu>(gpu_of_memory(*options.vram));
  }
  auto gpu = find_gpu(cards, options.gpu);
  if (!gpu) return gpu.error();
  if (options.vram) {
    gpu->vram = *options.vram;
    gpu->visible_known = true;
  }
  return std::optional<Gpu>(std::move(*gpu));
}

Model with_count(Model model, const Options& options) {
  if (!options.params || !model->tensors.empty()) return model;
  auto counted = *model;
  counted.n_params = *options.params;
  std::erase_if(counted.notes, [](const Note& note) { return note.code == "params-unknown"; });
  return std::make_shared<const ModelInfo>(std::move(counted));
}

Model model_of_count(const Options& options, const std::string& name) {
  return std::make_shared<const ModelInfo>(model_of_params(
      *options.params, name.empty() ? format_count(*options.params) + " parameters" : name));
}

bool matches(std::string_view name, std::string_view filter) {
  return fold_name(name).find(fold_name(filter)) != std::string::npos;
}

void add(Inputs& inputs, Result<ModelInfo> model, const Options& options) {
  if (!model)
    inputs.errors.push_back(model.error());
  else
    inputs.models.push_back(
        with_count(std::make_shared<const ModelInfo>(std::move(*model)), options));
}

namespace {

/// Whether the catalogue has to be read: somebody gave one, asks for all of it, or for a name.
bool needs_catalog(const Io& io, const Options& options) {
  if (!options.catalogs.empty()) return true;
  if (options.models.empty()) return options.command == Command::rank && !options.params;
  return std::any_of(options.models.begin(), options.models.end(), [&](const auto& word) {
    return word != "-" && io.kind_of(word) == PathKind::missing;
  });
}

}  // namespace

Result<Inputs> read_models(Io& io, const Options& options) {
  Inputs inputs;
  auto catalog =
      needs_catalog(io, options) ? load_catalog(io, options) : std::vector<CatalogEntry>{};
  if (!catalog) return catalog.error();
  for (const auto& word : options.models)
    for (auto& model : load_models(io, word, *catalog)) add(inputs, std::move(model), options);
  if (!options.models.empty()) return inputs;
  if (options.params) {
    inputs.models.push_back(model_of_count(options, options.name));
  } else if (options.command == Command::rank) {
    inputs.entries = std::move(*catalog);
    std::erase_if(inputs.entries,
                  [&](const CatalogEntry& entry) { return !matches(entry.name, options.filter); });
  }
  return inputs;
}

Result<std::optional<Gpu>> read_gpu(Io& io, const Options& options) {
  if (options.gpu.empty()) return gpu_of({}, options);
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  return gpu_of(*cards, options);
}

}  // namespace fitvram::cli
