#include "runtimes/shared/torch.hpp"

#include <algorithm>
#include <string_view>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"

namespace fitvram {

namespace {

/// Recurrent models outside transformers, encoder-decoders, diffusion models, drafts of others, and
/// models whose code only their own repository has. Source: models/registry.py @0002bff0.
bool cannot_serve(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->elsewhere.not_in_servers;
}

}  // namespace

std::optional<Error> server_refusal(const ModelInfo& model, const Workload& workload,
                                    const std::string& title) {
  if (cannot_serve(model))
    return refuse(title + " does not load architecture '" + model.architecture + "'",
                  "llama.cpp does: --runtime llama.cpp");
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.growth == Growth::strided || slot.role == CacheRole::compressor_state)
        return refuse("how " + title + " sizes the cache of architecture '" + model.architecture +
                          "' is not known",
                      "--runtime llama.cpp");
  const std::uint32_t n_tp = cards(workload);
  const std::uint32_t n_head = model.hparams.n_head.max();
  if (n_head % n_tp != 0)
    return refuse(title + " cannot share " + std::to_string(n_head) + " heads between " +
                      std::to_string(n_tp) + " cards",
                  "-tp must divide the heads");
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches) {
      const std::uint32_t heads = slot.shape.n_head_kv;
      if (slot.role != CacheRole::kv || heads == 0) continue;
      if (heads > n_tp ? heads % n_tp != 0 : n_tp % heads != 0)
        return refuse(title + " cannot share " + std::to_string(heads) +
                          " key and value heads between " + std::to_string(n_tp) + " cards",
                      "one of them must divide the other");
    }
  return std::nullopt;
}

std::string checkpoint_word(const ModelInfo& model) {
  switch (model.format) {
    case ModelFormat::catalog:
      return model.name;
    case ModelFormat::hf_config: {
      const std::size_t slash = model.source.rfind('/');
      const std::string_view file = "config.json";
      if (model.source == "-" || model.source.empty()) return {};
      if (model.source == file) return ".";
      if (model.source.ends_with("/config.json")) return model.source.substr(0, slash);
      return model.source;
    }
    case ModelFormat::gguf:
    case ModelFormat::parameters:
      return {};
  }
  return {};
}

bool unquantized(std::string_view quant) {
  return quant == "F32" || quant == "F16" || quant == "BF16";
}

bool loaded_as_stored(const ModelInfo& model, std::string_view quant) {
  if (lower_case(quant) == lower_case(model.quant)) return true;
  const bool halves = model.quant.empty() || model.quant == "BF16" || model.quant == "F16";
  return halves && unquantized(quant);
}

}  // namespace fitvram
