#include "runtimes/mlx_lm/models.hpp"

#include "base/text.hpp"
#include "families/family.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

std::optional<MlxCache> cache_of(const MlxModels& models, std::string_view type) {
  if (has_word(models.plain, type)) return MlxCache::plain;
  if (has_word(models.rotating, type)) return MlxCache::rotating;
  if (has_word(models.chunked, type)) return MlxCache::chunked;
  if (has_word(models.latent, type)) return MlxCache::latent;
  if (has_word(models.expanded, type)) return MlxCache::expanded;
  return std::nullopt;
}

}  // namespace

std::optional<MlxModel> mlx_model(const ModelInfo& model) {
  for (const std::string_view word : family_words(model)) {
    const Family* family = find_family_of_hf(word);
    if (family == nullptr) continue;
    if (const auto cache = cache_of(family->elsewhere.mlx_lm, word)) return MlxModel{word, *cache};
  }
  return std::nullopt;
}

}  // namespace fitvram
