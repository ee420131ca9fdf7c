#include "hf/defaults.hpp"

#include <algorithm>
#include <array>

#include "base/sorted.hpp"

namespace fitvram {
namespace {

constexpr bool nested = true;
constexpr bool anywhere = false;

constexpr std::array defaults{
    HfReader::Default{"bamba", "num_key_value_heads", 8, anywhere},
    HfReader::Default{"deepseek2", "qk_nope_head_dim", 128, anywhere},
    HfReader::Default{"deepseek2", "v_head_dim", 128, anywhere},
    HfReader::Default{"gemma", "head_dim", 256, anywhere},
    HfReader::Default{"gemma2", "head_dim", 256, anywhere},
    HfReader::Default{"gemma2", "sliding_window", 4096, anywhere},
    HfReader::Default{"gemma3", "head_dim", 256, anywhere},
    HfReader::Default{"gemma3_text", "head_dim", 256, anywhere},
    HfReader::Default{"gemma3_text", "hidden_size", 2304, nested},
    HfReader::Default{"gemma3_text", "intermediate_size", 9216, nested},
    HfReader::Default{"gemma3_text", "max_position_embeddings", 131072, anywhere},
    HfReader::Default{"gemma3_text", "num_attention_heads", 8, nested},
    HfReader::Default{"gemma3_text", "num_hidden_layers", 26, nested},
    HfReader::Default{"gemma3_text", "num_key_value_heads", 4, nested},
    HfReader::Default{"gemma3_text", "sliding_window", 4096, nested},
    HfReader::Default{"gemma3_text", "vocab_size", 262208, nested},
    HfReader::Default{"gemma3n", "head_dim", 256, anywhere},
    HfReader::Default{"gemma3n_text", "head_dim", 256, anywhere},
    HfReader::Default{"gemma3n_text", "num_key_value_heads", 2, nested},
    HfReader::Default{"gemma4_text", "global_head_dim", 512, nested},
    HfReader::Default{"gemma4_text", "head_dim", 256, nested},
    HfReader::Default{"gemma4_text", "hidden_size_per_layer_input", 256, nested},
    HfReader::Default{"gemma4_text", "intermediate_size", 9216, nested},
    HfReader::Default{"gemma4_text", "max_position_embeddings", 131072, nested},
    HfReader::Default{"gemma4_text", "num_attention_heads", 8, nested},
    HfReader::Default{"gemma4_text", "num_key_value_heads", 4, nested},
    HfReader::Default{"gemma4_text", "sliding_window", 512, nested},
    HfReader::Default{"gemma4_text", "vocab_size", 262144, nested},
    HfReader::Default{"granitehybrid", "mamba_d_conv", 4, anywhere},
    HfReader::Default{"granitehybrid", "mamba_d_state", 256, anywhere},
    HfReader::Default{"granitehybrid", "mamba_expand", 2, anywhere},
    HfReader::Default{"granitehybrid", "mamba_n_groups", 1, anywhere},
    HfReader::Default{"granitehybrid", "mamba_n_heads", 128, anywhere},
    HfReader::Default{"lfm2", "conv_L_cache", 3, nested},
    HfReader::Default{"lfm2", "num_key_value_heads", 8, nested},
    HfReader::Default{"llama", "hidden_size", 4096, nested},
    HfReader::Default{"llama", "intermediate_size", 11008, nested},
    HfReader::Default{"llama", "max_position_embeddings", 2048, nested},
    HfReader::Default{"llama", "num_attention_heads", 32, nested},
    HfReader::Default{"llama", "num_hidden_layers", 32, nested},
    HfReader::Default{"llama", "vocab_size", 32000, nested},
    HfReader::Default{"mistral", "hidden_size", 4096, nested},
    HfReader::Default{"mistral", "intermediate_size", 14336, nested},
    HfReader::Default{"mistral", "max_position_embeddings", 131072, nested},
    HfReader::Default{"mistral", "num_attention_heads", 32, nested},
    HfReader::Default{"mistral", "num_hidden_layers", 32, nested},
    HfReader::Default{"mistral", "num_key_value_heads", 8, nested},
    HfReader::Default{"mistral", "vocab_size", 32000, nested},
    HfReader::Default{"mistral4", "q_lora_rank", 1024, anywhere},
    HfReader::Default{"mistral4", "qk_nope_head_dim", 64, anywhere},
    HfReader::Default{"mistral4", "v_head_dim", 128, anywhere},
    HfReader::Default{"qwen2", "hidden_size", 4096, nested},
    HfReader::Default{"qwen2", "intermediate_size", 22016, nested},
    HfReader::Default{"qwen2", "max_position_embeddings", 32768, nested},
    HfReader::Default{"qwen2", "num_attention_heads", 32, nested},
    HfReader::Default{"qwen2", "num_hidden_layers", 32, nested},
    HfReader::Default{"qwen2", "num_key_value_heads", 32, nested},
    HfReader::Default{"qwen2", "vocab_size", 151936, nested},
    HfReader::Default{"qwen3", "head_dim", 128, anywhere},
    HfReader::Default{"qwen35", "head_dim", 256, anywhere},
    HfReader::Default{"qwen35", "linear_conv_kernel_dim", 4, anywhere},
    HfReader::Default{"qwen35", "linear_key_head_dim", 128, anywhere},
    HfReader::Default{"qwen35", "linear_num_key_heads", 16, anywhere},
    HfReader::Default{"qwen35", "linear_num_value_heads", 32, anywhere},
    HfReader::Default{"qwen35", "linear_value_head_dim", 128, anywhere},
    HfReader::Default{"qwen35moe", "head_dim", 256, anywhere},
    HfReader::Default{"qwen35moe", "linear_conv_kernel_dim", 4, anywhere},
    HfReader::Default{"qwen35moe", "linear_key_head_dim", 128, anywhere},
    HfReader::Default{"qwen35moe", "linear_num_key_heads", 16, anywhere},
    HfReader::Default{"qwen35moe", "linear_num_value_heads", 32, anywhere},
    HfReader::Default{"qwen35moe", "linear_value_head_dim", 128, anywhere},
};

constexpr std::array<std::string_view, 28> tying{
    "bloom", "cohere2",         "cohere2moe", "command-r", "ernie4_5",  "ernie4_5-moe", "falcon",
    "gemma", "gemma-embedding", "gemma2",     "gemma3",    "gemma3n",   "gemma4",       "gpt2",
    "lfm2",  "lfm2moe",         "mamba",      "minicpm",   "minicpm3",  "mpt",          "openelm",
    "opt",   "paddleocr",       "plamo2",     "smollm3",   "starcoder", "starcoder2",   "t5"};

static_assert(sorted_and_unique(defaults, [](const HfReader::Default& row) {
  return std::pair(row.of, row.key);
}));
static_assert(sorted_and_unique(tying));

}  // namespace

std::span<const HfReader::Default> hf_defaults() { return defaults; }

bool ties_by_default(std::string_view architecture) {
  return std::binary_search(tying.begin(), tying.end(), architecture);
}

}  // namespace fitvram
