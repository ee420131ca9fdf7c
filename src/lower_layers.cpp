#include "architectures.hpp"
namespace fitvram {
void lower_layers(ModelInfo&) {}
}  // namespace fitvram
