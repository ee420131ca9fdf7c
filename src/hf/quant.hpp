#pragma once
#include <string>

#include "hf/reader.hpp"

namespace fitvram {

/// What the checkpoint holds, as one word: "BF16", "F16", "F32", "FP8", "MXFP4", "NVFP4", "GPTQ-4",
/// "AWQ-4", "NF4", "INT4", "INT8", "MLX-4" ...; empty when the config does not say.
std::string checkpoint_type(const HfReader& reader);

}  // namespace fitvram
