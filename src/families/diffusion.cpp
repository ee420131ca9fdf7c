#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_llada(const HfReader& r, Hparams& h) {
  h.n_ctx_train = r.count_or("max_sequence_length", 4096);
}

constexpr Family rows[] = {
    {.gguf = "dream",
     .hf = "DreamModel Dream dream",
     .source = "src/models/dream.cpp",
     .cache = {.memory = MemoryClass::none},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer, .uncached = true},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "llada",
     .hf = "LLaDAModelLM llada",
     .source = "src/models/llada.cpp",
     .cache = {.memory = MemoryClass::none},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .uncached = true, .plain_rope = true},
     .config = {.read = read_llada},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "llada-moe",
     .hf = "LLaDAMoEModel LLaDAMoEModelLM llada_moe",
     .source = "src/models/llada-moe.cpp",
     .cache = {.memory = MemoryClass::none},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .uncached = true, .norm_weights = 0},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "rnd1",
     .hf = "RND1 rnd1",
     .source = "src/models/rnd1.cpp",
     .cache = {.memory = MemoryClass::none},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .uncached = true, .norm_weights = 1},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::diffusion{rows};

}  // namespace fitvram
