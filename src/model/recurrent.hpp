#pragma once
#include "model/builder.hpp"

namespace fitvram {

/// The tensors of the current layer's recurrence.
void add_recurrent(TensorBuilder& b);

}  // namespace fitvram
