#pragma once
#include <span>
#include <string_view>

#include "hf/reader.hpp"

namespace fitvram {

/// Defaults of configuration classes for keys that real configs leave out, sorted by `of`. Nested
/// sections are stored as a difference from their class, so there any key may be missing; files at
/// the top level state everything except what a family always leaves out.
/// Source: configuration_*.py of the transformers library, 2026-11.
std::span<const HfReader::Default> hf_defaults();

/// Whether the output head shares the token embedding when the config does not say
/// (tie_word_embeddings), by GGUF architecture.
bool ties_by_default(std::string_view architecture);

}  // namespace fitvram
