#pragma once
#include <cstddef>

#include "families/family.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Whether a layer turns its queries and keys by position.
bool rotates(const GraphRule& rule, const ModelInfo& model, std::size_t layer);

}  // namespace fitvram
