#pragma once
#include <cstdint>
#include <optional>

#include "hf/reader.hpp"

namespace fitvram {

/// Parameters of the vision and audio towers that a config describes, their projectors into the
/// language model included: 0 when there are none, nothing when their shape is not known.
/// Source: the modeling files of huggingface/transformers 4.57, by vision_config.model_type.
std::optional<std::uint64_t> tower_params(const nlohmann::json& root, std::uint64_t n_embd);

}  // namespace fitvram
