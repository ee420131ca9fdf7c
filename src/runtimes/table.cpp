#include <array>

#include "fitvram/runtime.hpp"
#include "llama/rules.hpp"
#include "pricing/rules.hpp"
#include "runtimes/exllamav3/rules.hpp"
#include "runtimes/mlx_lm/rules.hpp"
#include "runtimes/mlxcel/rules.hpp"
#include "runtimes/ollama/rules.hpp"
#include "runtimes/sglang/rules.hpp"
#include "runtimes/sharpinference/rules.hpp"
#include "runtimes/transformers/rules.hpp"
#include "runtimes/vllm/rules.hpp"

namespace fitvram {

std::span<const Runtime> runtimes() {
  static const std::array table{llama_cpp_runtime, sharpinference_runtime, mlx_lm_runtime,
                                mlxcel_runtime,    exllamav3_runtime,      vllm_runtime,
                                sglang_runtime,    ollama_runtime,         transformers_runtime};
  return table;
}

const Runtime* find_runtime(std::string_view name) {
  for (const Runtime& runtime : runtimes())
    if (runtime.name == name) return &runtime;
  return nullptr;
}

Defaults defaults_of(const Runtime& runtime, const ModelInfo& model,
                     const std::optional<Device>& device) {
  return runtime.rules->defaults(model, device);
}

std::vector<Answer> answers_of(const Runtime& runtime, const ModelInfo& model,
                               const Weights& weights, const Workload& workload,
                               const Device& device) {
  if (runtime.rules->answers == nullptr) return {};
  return runtime.rules->answers(model, weights, workload, device);
}

std::string launch_command(const Runtime& runtime, const ModelInfo& model, const std::string& quant,
                           const Workload& workload) {
  if (runtime.rules->launch == nullptr) return {};
  return runtime.rules->launch(model, quant, workload);
}

}  // namespace fitvram
