#include "llama/memory/placement.hpp"

#include <algorithm>

#include "families/family.hpp"
#include "pricing/backends.hpp"

namespace fitvram {

namespace {

/// Mamba's selective scan; in other recurrences a weight of the same name is only multiplied by.
bool scans(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->cache.recurrent != RecurrentRule::interval &&
         (family->cache.state == StateRule::mamba || family->cache.state == StateRule::mamba2);
}

}  // namespace

Devices::Devices(const ModelInfo& model, const Workload& workload) {
  backend_ = &backend_of(workload);
  n_block_ = model.layers.size();
  const std::uint64_t on_device = std::min<std::uint64_t>(workload.n_gpu_layers, n_block_ + 1);
  first_ = n_block_ + 1 - on_device;
}

std::uint64_t Devices::layers_on_device() const {
  return backend_->device ? n_block_ + 1 - first_ : 0;
}

bool runs_ggml_cuda(const Workload& workload) {
  const Backend* backend = find_backend(workload.backend);
  return backend != nullptr && backend->ggml_cuda;
}

bool cuda_scans(const Hparams& hp, std::uint64_t ne0, std::uint64_t ne1) {
  const std::uint64_t n_head = hp.ssm_time_step_rank.value_or(0);
  if (ne0 != 1) return ne0 == 16 && ne1 % 128 == 0;
  const std::uint32_t state = hp.ssm_state_size.value_or(0);
  return (state == 128 || state == 256) && n_head != 0 &&
         hp.ssm_inner_size.value_or(0) / n_head % 16 == 0;
}

bool cuda_convolves(std::uint64_t n_channel) { return n_channel % 128 == 0; }

bool Devices::holds_special(const ModelInfo& model, const Tensor& tensor) const {
  if (tensor.layer >= 0) {
    if (!holds_layer(static_cast<std::size_t>(tensor.layer))) return false;
    if (!backend_->ggml_cuda) return true;
    if (tensor.name == "ssm_a" && scans(model))
      return cuda_scans(model.hparams, tensor.ne[0], tensor.ne[1]);
    const bool convolves =
        tensor.name == "ssm_conv1d.weight" || tensor.name == "shortconv.conv.weight";
    return !convolves || cuda_convolves(tensor.ne[1]);
  }
  if (belongs_to_output(model, tensor)) return holds_layer(n_block_);
  const bool input = tensor.role == TensorRole::token_embd ||
                     tensor.role == TensorRole::position_embd ||
                     tensor.role == TensorRole::per_layer_embd;
  return !input && holds_layer(0);
}

bool Devices::holds_for(const ModelInfo& model, const Tensor& tensor, std::size_t reader) const {
  if (tensor.layer >= 0) return holds(model, tensor);
  if (tensor.role == TensorRole::rope) return holds_layer(reader);
  if (tensor.role == TensorRole::token_embd)
    return reader == n_block_ && ties_output(model) && holds_layer(n_block_);
  return holds(model, tensor);
}

Bytes Devices::allocated(std::uint64_t ne0, std::uint64_t rows, const TensorType& type,
                         bool device) const {
  Bytes bytes = row_bytes(type, ne0) * rows;
  const std::uint32_t multiple = backend_->row_multiple;
  if (device && type.quantized() && ne0 % multiple != 0)
    bytes += row_bytes(type, multiple - ne0 % multiple);
  return round_up(bytes, device ? backend_->alignment : backend_->host_alignment);
}

bool loads_tied_output_twice(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->load.output_before_embd;
}

bool ties_output(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family == nullptr || !family->load.no_head;
}

bool makes_input_of_output(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->load.input_of_output;
}

bool belongs_to_output(const ModelInfo& model, const Tensor& tensor) {
  if (tensor.role == TensorRole::output || tensor.role == TensorRole::output_norm) return true;
  if (tensor.layer >= 0 || !tensor.name.view().starts_with("token_embd_norm")) return false;
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->load.embd_norm_is_output;
}

bool layer_uses_rope_factors(const ModelInfo& model, std::size_t layer) {
  const Family* family = find_family(model.architecture);
  if (family == nullptr || !family->load.rope_factors_skip_swa) return true;
  return !model.hparams.is_swa(layer);
}

}  // namespace fitvram
