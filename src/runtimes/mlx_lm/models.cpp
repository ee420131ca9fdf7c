#include "runtimes/mlx_lm/models.hpp"

#include <algorithm>
#include <array>

#include "base/name_index.hpp"
#include "base/sorted.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

using enum MlxCache;

// mlx_lm/models/*.py; types that utils.py MODEL_REMAPPING sends to another file stand here too.
constexpr MlxFamily table[] = {
    {"afm7"},
    {"afmoe", rotating},
    {"apertus"},
    {"baichuan_m1", rotating},
    {"bailing_moe"},
    {"bailing_moe_linear"},
    {"bitnet"},
    {"cohere"},
    {"cohere2", rotating},
    {"dbrx"},
    {"deepseek"},
    {"deepseek_v2", expanded},
    {"deepseek_v3", latent},
    {"deepseek_v32", latent},
    {"dots1"},
    {"ernie4_5"},
    {"ernie4_5_moe"},
    {"exaone"},
    {"exaone4", rotating},
    {"exaone_moe", rotating},
    {"falcon_h1"},
    {"falcon_mamba"},
    {"gemma"},
    {"gemma2"},
    {"gemma3", rotating},
    {"gemma3_text", rotating},
    {"gemma3n", rotating},
    {"gemma4", rotating},
    {"gemma4_text", rotating},
    {"gemma4_unified", rotating},
    {"glm"},
    {"glm4"},
    {"glm4_moe"},
    {"glm4_moe_lite", latent},
    {"glm_moe_dsa", latent},
    {"gpt2"},
    {"gpt_bigcode"},
    {"gpt_neox"},
    {"gpt_oss", rotating},
    {"granite"},
    {"granitemoe"},
    {"granitemoehybrid"},
    {"helium"},
    {"hunyuan"},
    {"hunyuan_v1_dense"},
    {"internlm2"},
    {"internlm3"},
    {"iquestloopcoder", rotating},
    {"jamba"},
    {"kimi_k2", latent},
    {"kimi_k25", latent},
    {"kimi_linear"},
    {"laguna", rotating},
    {"lfm2"},
    {"lfm2_moe"},
    {"llama"},
    {"llama4", chunked},
    {"longcat_flash"},
    {"longcat_flash_ngram"},
    {"mamba"},
    {"mamba2"},
    {"mellum", rotating},
    {"mimo"},
    {"mimo_v2_flash", rotating},
    {"minicpm"},
    {"minicpm3", expanded},
    {"minimax"},
    {"minimax_m2"},
    {"ministral3", rotating},
    {"mistral"},
    {"mistral3"},
    {"mixtral"},
    {"nemotron"},
    {"nemotron-nas"},
    {"nemotron_h"},
    {"olmo"},
    {"olmo2"},
    {"olmo3", rotating},
    {"olmoe"},
    {"openelm"},
    {"phi"},
    {"phi3"},
    {"phi3small"},
    {"phimoe"},
    {"phixtral"},
    {"plamo"},
    {"plamo2"},
    {"qwen"},
    {"qwen2"},
    {"qwen2_moe"},
    {"qwen2_vl"},
    {"qwen3"},
    {"qwen3_5"},
    {"qwen3_5_moe"},
    {"qwen3_moe"},
    {"qwen3_next"},
    {"qwen3_vl"},
    {"qwen3_vl_moe"},
    {"recurrent_gemma", rotating},
    {"rwkv7"},
    {"seed_oss"},
    {"smollm3"},
    {"solar_open"},
    {"stablelm"},
    {"starcoder2"},
    {"step3p5", rotating},
};

static_assert(sorted_and_unique(table, &MlxFamily::model_type));
constexpr NameIndex<std::size(table)> by_name(table, &MlxFamily::model_type);

const MlxFamily* find(std::string_view type) {
  return by_name.find(table, &MlxFamily::model_type, type);
}

}  // namespace

std::span<const MlxFamily> mlx_families() { return table; }

const MlxFamily* mlx_family(const ModelInfo& model) {
  const std::string words = family_words(model);
  std::string_view rest = words;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (const MlxFamily* family = find(rest.substr(0, space))) return family;
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return nullptr;
}

}  // namespace fitvram
