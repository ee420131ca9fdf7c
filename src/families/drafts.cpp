#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"

namespace fitvram {

namespace {

constexpr Family rows[] = {
    {.gguf = "dflash",
     .hf = "DeepseekV4DSparkModel Gemma4DSparkModel MuseGlimmerAssistantModel DFlashDraftModel "
           "DFlash2DraftModel Qwen3DSparkModel DSparkDraftModel DSparkSpeculator "
           "Lfm2DSparkDraftModel LingDSparkModel",
     .source = "src/models/dflash.cpp",
     .cache = {.window = listed_or_hyper()},
     .load = {.encodes = true, .other_context = OtherContext::for_tensors},
     .tensors = {.unknown = "a draft is priced as its file holds it"},
     .graph = {.unknown = "runs only beside the model it drafts for"},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
    {.gguf = "eagle3",
     .hf = "LlamaForCausalLMEagle3 Eagle3LlamaForCausalLM Eagle3Speculator Eagle3DraftModel eagle3",
     .source = "src/models/eagle3.cpp",
     .load = {.encodes = true, .other_context = OtherContext::for_tensors},
     .tensors = {.unknown = "a draft is priced as its file holds it"},
     .graph = {.unknown = "runs only beside the model it drafts for"},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::drafts{rows};

}  // namespace fitvram
