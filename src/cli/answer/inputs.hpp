#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/error.hpp"
#include "fitvram/gpu.hpp"
#include "fitvram/model.hpp"

namespace fitvram::cli {

/// Source and name of a model that came through a pipe.
inline constexpr std::string_view standard_input = "standard input";

/// A file that adds to an embedded table replaces entries of the same name.
Result<std::vector<CatalogEntry>> load_catalog(Io& io, const Options& options);
Result<std::vector<GpuCard>> load_gpus(Io& io, const Options& options);

/// The models that one MODEL word stands for: usually one, several for a directory of GGUF files. A
/// path that exists wins over a catalogue name; "-" is standard input.
std::vector<Result<ModelInfo>> load_models(Io& io, const std::string& word,
                                           const std::vector<CatalogEntry>& catalog);

/// `word`, or where a file of that name is said to be: in `directory`, the catalogue's own.
std::string beside(const Io& io, const std::string& directory, const std::string& word);
/// The directory part of a path, "." when it has none.
std::string directory_of(std::string_view path);

/// --gpu and --vram among these cards; nothing when neither was given.
Result<std::optional<Gpu>> gpu_of(const std::vector<GpuCard>& cards, const Options& options);
/// `model` with --params where it cannot count its own.
Model with_count(Model model, const Options& options);
/// The model of which --params is all that is known.
Model model_of_count(const Options& options, const std::string& name);

/// What a command needs once: the models, and what could not be read.
struct Inputs {
  std::vector<Model> models;
  std::vector<CatalogEntry> entries;  ///< to be read when they are needed
  std::vector<Error> errors;
};
Result<Inputs> read_models(Io& io, const Options& options);
/// Into `inputs.models`, or its error into `inputs.errors`.
void add(Inputs& inputs, Result<ModelInfo> model, const Options& options);
Result<std::optional<Gpu>> read_gpu(Io& io, const Options& options);

/// Whether --filter lets a name pass.
bool matches(std::string_view name, std::string_view filter);

}  // namespace fitvram::cli
