#pragma once
#include <vector>

#include "fitvram/tensor.hpp"
#include "hf/reader.hpp"

namespace fitvram {

/// How the checkpoint packs its weights by quantization_config, or MLX's quantization; empty when
/// it does not, or when the method's sizes do not follow from the config.
std::vector<Packing> checkpoint_packings(const HfReader& reader, const Hparams& hparams);

}  // namespace fitvram
