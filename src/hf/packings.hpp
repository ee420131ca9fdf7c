#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fitvram/tensor.hpp"
#include "hf/reader.hpp"

namespace fitvram {

/// The text under `key`, in lower case; empty when there is none.
std::string text_of(const nlohmann::json& object, const char* key);
bool is_true(const nlohmann::json& object, const char* key);

/// How the checkpoint packs its weights by quantization_config, or MLX's quantization; empty when
/// it does not, or when the method's sizes do not follow from the config.
std::vector<Packing> checkpoint_packings(const HfReader& reader, const Hparams& hparams);

}  // namespace fitvram
