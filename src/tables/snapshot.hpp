#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/catalog.hpp"
#include "fitvram/gpu.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

// The tables compiled into the library are the same in every run: they are parsed, and their
// configs made models, once, when it is built (scripts/write_snapshots.cpp); what comes out is
// written down as bytes.

/// A model with all its fields; equal blocks and their tensors stand once.
std::string write_snapshot(const ModelInfo& model);
/// The names of `entries`, their models, and where their configs stand in `json`.
std::string write_snapshot(std::span<const CatalogEntry> entries, std::string_view json);
std::string write_snapshot(std::span<const GpuCard> cards);

/// What was written. They throw Malformed where the bytes end too early or say what cannot be, and
/// allocate a small multiple of them; a model at most 65536 tensors.
ModelInfo read_model_snapshot(std::string_view bytes);
std::vector<CatalogEntry> read_catalog_snapshot(std::string_view bytes, std::string_view json);
std::vector<GpuCard> read_card_snapshot(std::string_view bytes);

/// The tables as the build wrote them; empty where it could not run what it built.
std::string_view models_snapshot();
std::string_view gpus_snapshot();

}  // namespace fitvram
