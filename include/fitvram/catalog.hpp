#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/export.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// One entry of data/models.json: a name and the keys of its config.json that the parser needs.
struct CatalogEntry {
  std::string name;    ///< "google/gemma-3-27b-it"
  std::string config;  ///< JSON text
  /// The config's model, as the build of the library wrote it down; empty: not written.
  std::string_view snapshot = {};
  std::uint64_t n_params = 0;  ///< where `snapshot` is not empty: the model's
};

/// Parses data/models.json or a user's file of the same shape: {"models": [{"name", "config"}]}.
/// `name` is for messages. Any bytes give a Result: no throw.
FITVRAM_EXPORT Result<std::vector<CatalogEntry>> parse_catalog(std::string_view json,
                                                               const std::string& name);

/// Case-insensitive: a whole name, the part after '/', a unique prefix or a unique substring; words
/// may be separated by space, '-' or '_'. Several hits are `ambiguous` with the candidates as hint;
/// none is `unknown_name` with the nearest.
FITVRAM_EXPORT Result<const CatalogEntry*> find_model(std::span<const CatalogEntry> entries,
                                                      std::string_view name);

/// The entry read like a config.json, with format `catalog`; from `snapshot` where that is
/// given.
FITVRAM_EXPORT Result<ModelInfo> model_of(const CatalogEntry& entry);

/// The catalogue compiled into the library, as text: data/models.json.
FITVRAM_EXPORT std::string_view embedded_models();

/// The same as parse_catalog() of it, without parsing: every entry comes with its snapshot.
FITVRAM_EXPORT Result<std::vector<CatalogEntry>> embedded_catalog();

}  // namespace fitvram
