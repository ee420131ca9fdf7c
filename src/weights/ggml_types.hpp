#pragma once
#include "fitvram/tensor.hpp"

namespace fitvram {

/// The rows that every estimate asks for.
const TensorType& f16_type();
const TensorType& f32_type();

}  // namespace fitvram
