#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/io.hpp"
#include "cli/options.hpp"
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

}  // namespace fitvram::cli
