#pragma once
#include "model/builder.hpp"

namespace fitvram {

/// The tensors of the current layer's feed-forward block and experts.
void add_feed_forward(TensorBuilder& b);

}  // namespace fitvram
