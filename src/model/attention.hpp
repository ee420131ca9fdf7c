#pragma once
#include "model/builder.hpp"

namespace fitvram {

/// The tensors of the current layer's attention.
void add_attention(TensorBuilder& b);
/// DeepSeek's indexer, where the layer owns one.
void add_indexer(TensorBuilder& b);

}  // namespace fitvram
