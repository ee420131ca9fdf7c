#pragma once
#include "fitvram/tensor.hpp"

namespace fitvram {

/// The rows that every estimate asks for.
const TensorType& f16_type();
const TensorType& f32_type();

/// A type that is not known counts as 16 bits.
const TensorType& known_type(const TensorType* type);

}  // namespace fitvram
