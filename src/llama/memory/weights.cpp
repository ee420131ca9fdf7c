#include "llama/memory/weights.hpp"

#include <algorithm>
#include <array>

#include "llama/memory/placement.hpp"

namespace fitvram {

namespace {

/// Devices::allocated of shapes that come again and again: layers repeat a few dozen of them.
class AllocatedSizes {
 public:
  explicit AllocatedSizes(const Devices& devices) : devices_(devices) {}

  Bytes of(std::uint64_t ne0, std::uint64_t rows, const TensorType& type, bool device) {
    const std::uint64_t mixed = (ne0 ^ (rows << 7) ^ (rows >> 5)) * 0x9e3779b97f4a7c15U;
    Known& known = known_[(mixed >> 58) ^ (device ? 1U : 0U)];
    if (known.type != &type || known.ne0 != ne0 || known.rows != rows || known.device != device)
      known = {ne0, rows, &type, device, devices_.allocated(ne0, rows, type, device)};
    return known.bytes;
  }

 private:
  struct Known {
    std::uint64_t ne0 = 0, rows = 0;
    const TensorType* type = nullptr;
    bool device = false;
    Bytes bytes;
  };
  const Devices& devices_;
  std::array<Known, 64> known_{};
};

/// Calls `put(device, index)` for every copy of a tensor that is loaded.
template <typename Put>
void place_tensors(const ModelInfo& model, const Devices& devices, Put put) {
  bool has_output = false, has_input = false;
  for (const auto& tensor : model.tensors) {
    has_output |= tensor.role == TensorRole::output && tensor.name == "output.weight";
    has_input |= tensor.role == TensorRole::token_embd && tensor.name == "token_embd.weight";
  }
  const bool output_twice = !has_input && makes_input_of_output(model);
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    if (tensor.layer >= 0 && static_cast<std::size_t>(tensor.layer) >= model.n_layer) continue;
    if (tensor.role == TensorRole::rope && tensor.layer < 0) {
      bool device = false, host = false;
      for (std::size_t layer = 0; layer < model.n_layer; ++layer) {
        if (!layer_uses_rope_factors(model, layer)) continue;
        (devices.holds_for(model, tensor, layer) ? device : host) = true;
      }
      if (device) put(true, i);
      if (host) put(false, i);
      continue;
    }
    put(devices.holds(model, tensor), i);
    if (output_twice && tensor.name == "output.weight") put(devices.holds(model, tensor), i);
    if (tensor.role != TensorRole::token_embd || has_output) continue;
    if (tensor.name != "token_embd.weight" || !ties_output(model)) continue;
    if (devices.holds_for(model, tensor, model.layers.size()))
      put(true, i);
    else if (loads_tied_output_twice(model))
      put(false, i);
  }
}

}  // namespace

Placement llama_cpp_weights(const ModelInfo& model, const Weights& weights,
                            const Workload& workload) {
  const Devices devices(model, workload);
  Placement sum;
  if (weights.types.size() != model.tensors.size() || model.tensors.empty()) {
    const std::uint64_t on_device = devices.layers_on_device();
    sum.device = weights.flat / std::max<std::uint64_t>(1, model.layers.size() + 1) * on_device;
    if (on_device == model.layers.size() + 1) sum.device = weights.flat;
    sum.host = weights.flat - sum.device;
    return sum;
  }
  AllocatedSizes sizes(devices);
  place_tensors(model, devices, [&](bool device, std::size_t i) {
    const Tensor& tensor = model.tensors[i];
    const std::uint64_t rows = sat_mul(tensor.ne[1], sat_mul(tensor.ne[2], tensor.ne[3]));
    (device ? sum.device : sum.host) += sizes.of(tensor.ne[0], rows, *weights.types[i], device);
  });
  sum.device = part_of(weights, sum.device);
  sum.host = part_of(weights, sum.host);
  return sum;
}

std::vector<PlacedTensor> llama_cpp_placement(const ModelInfo& model, const Workload& workload) {
  std::vector<PlacedTensor> placed;
  place_tensors(model, Devices(model, workload), [&](bool device, std::size_t i) {
    placed.push_back({i, device});
  });
  return placed;
}

}  // namespace fitvram
