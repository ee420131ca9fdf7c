#pragma once
#include "fitvram/parse.hpp"
#include "hf/reader.hpp"

namespace fitvram {

/// Adds to `model` what the safetensors files beside its config say, and a note on every point on
/// which they disagree with the config: parameters, bytes, layers, the embedding's shape, the type
/// of the weights.
void compare(const HfReader& reader, const Checkpoint& checkpoint, ModelInfo& model);

}  // namespace fitvram
