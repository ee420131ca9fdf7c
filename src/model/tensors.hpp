#pragma once
#include "fitvram/model.hpp"

namespace fitvram {

/// Fills `model.tensors` and `model.n_params` from `model.hparams`: the tensors that llama.cpp's
/// converter would write for this config. Leaves them empty (and adds a note) when the family's
/// tensors are not known, so that a count is never guessed silently.
void lower_tensors(ModelInfo& model);

}  // namespace fitvram
