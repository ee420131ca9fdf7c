#include <array>

#include "fitvram/runtime.hpp"
#include "llama/rules.hpp"
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

}  // namespace fitvram
