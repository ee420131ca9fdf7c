#pragma once
#include "fitvram/model.hpp"

namespace fitvram {

/// Fills `model.tensors` and `model.n_params` from `model.hparams`: the tensors that llama.cpp's
/// converter would write for this config. Leaves them empty (and adds a note) when the family's
/// tensors are not known, so that a count is never guessed silently.
void lower_tensors(ModelInfo& model);

/// Elements of all weights but rotations and next-token-prediction layers, those from `n_trunk` on.
std::uint64_t elements_that_run(const ModelInfo& model, std::uint32_t n_trunk);

}  // namespace fitvram
