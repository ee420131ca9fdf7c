#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/catalog.hpp"
#include "fitvram/gpu.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

// The tables compiled into the library are the same in every run: they are parsed and lowered once,
// when it is built (scripts/lower_tables.cpp), and what comes out is written down as bytes.

/// A model with all its fields; equal blocks and their tensors stand once.
std::string write_lowered(const ModelInfo& model);
/// The names of `entries`, their models, and where their configs stand in `json`.
std::string write_lowered(std::span<const CatalogEntry> entries, std::string_view json);
std::string write_lowered(std::span<const GpuCard> cards);

/// What was written. They throw Malformed where the bytes end too early or say what cannot be, and
/// allocate a small multiple of them; a model at most 65536 tensors.
ModelInfo read_lowered_model(std::string_view bytes);
std::vector<CatalogEntry> read_lowered_catalog(std::string_view bytes, std::string_view json);
std::vector<GpuCard> read_lowered_cards(std::string_view bytes);

/// The tables as the build wrote them; empty where it could not run what it built.
std::string_view lowered_models();
std::string_view lowered_gpus();

}  // namespace fitvram
