#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "fitvram/runtime.hpp"
#include "pricing/rules.hpp"
#include "runtimes/shared/torch.hpp"

namespace fitvram {

namespace {

const char* files_of(SchemeFamily family) {
  switch (family) {
    case SchemeFamily::gguf:
      return "GGUF files";
    case SchemeFamily::safetensors:
      return "safetensors checkpoints";
    case SchemeFamily::mlx:
      return "MLX checkpoints";
    case SchemeFamily::exl:
      return "exllama checkpoints";
  }
  return "";
}

}  // namespace

// The smallest that spends half a bit more than the packed values do: what its scales take. Experts
// in MXFP4 have a GGUF scheme of their own.
const Scheme* nearest_loaded(const ModelInfo& model, const Scheme& scheme, const Runtime& runtime) {
  if (scheme.name == "MXFP4" && model.hparams.n_expert.value_or(0) > 0 &&
      runtime.loads == SchemeFamily::gguf && runtime.ladder.empty())
    return find_scheme("MXFP4_MOE");
  const std::uint32_t packed =
      scheme.packings.empty() ? scheme.millibits : scheme.packings.front().millibits;
  const Scheme* nearest = nullptr;
  for (const Scheme& other : schemes()) {
    const bool offered =
        runtime.ladder.empty() ? other.ladder : has_word(runtime.ladder, other.name);
    if (!offered || runtime.loads != other.family) continue;
    if (nearest == nullptr || other.millibits >= packed + 500) nearest = &other;
  }
  return nearest;
}

std::optional<Error> refusal(const ModelInfo& model, const Workload& workload,
                             const Runtime& runtime) {
  if (!has_word(runtime.backends, workload.backend))
    return refuse(std::string(runtime.title) + " does not run on " + std::string(workload.backend),
                  "it runs on " + std::string(runtime.backends));
  return runtime.rules->refusal(model, workload);
}

std::optional<Error> refusal(const ModelInfo& model, const Scheme& scheme, const Runtime& runtime) {
  if (runtime.loads == scheme.family || unquantized(scheme.name)) return std::nullopt;
  const Scheme* nearest = nearest_loaded(model, scheme, runtime);
  return refuse(
      std::string(runtime.title) + " does not load " + files_of(scheme.family) + " (" +
          std::string(scheme.name) + ")",
      nearest == nullptr ? "" : "the nearest that it loads is -q " + std::string(nearest->name));
}

}  // namespace fitvram
