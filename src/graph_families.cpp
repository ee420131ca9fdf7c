#include "graph_families.hpp"

#include <algorithm>
#include <array>

namespace fitvram {

namespace {

constexpr std::array table{
    Family{.gguf = "cohere2", .build = build_transformer, .layer_norm = true, .parallel = true,
           .rope = Rope::windows, .caps = 1},
    Family{.gguf = "exaone4", .build = build_transformer, .rope = Rope::windows_if},
    Family{.gguf = "gemma2", .build = build_transformer, .scaled_embd = true, .q_scaled = true,
           .caps = 3, .soft_cap = true},
    Family{.gguf = "gemma3", .build = build_transformer, .scaled_embd = true, .q_scaled = true},
    Family{.gguf = "glm4moe", .build = build_transformer, .post_is_ffn_norm = true},
    Family{.gguf = "gpt-oss", .build = build_transformer, .post_is_ffn_norm = true,
           .pick_late = true, .gating = Gating::softmax_weight, .norm_weights = 0},
    Family{.gguf = "llama", .build = build_transformer, .norm_weights = 1},
    Family{.gguf = "llama4", .build = build_transformer, .attn_scaled = true,
           .rope = Rope::three_of_four, .gating = Gating::sigmoid, .norm_weights = 0},
    Family{.gguf = "olmo2", .build = build_transformer},
    Family{.gguf = "phi3", .build = build_transformer, .residual_first = true, .q_scaled = true,
           .norm_weights = 1, .act = Act::fused},
    Family{.gguf = "qwen2", .build = build_transformer},
    Family{.gguf = "qwen3", .build = build_transformer},
    Family{.gguf = "qwen3moe", .build = build_transformer, .norm_weights = 1},
};

}  // namespace

const Family* find_family(std::string_view gguf) {
  const auto it = std::find_if(table.begin(), table.end(),
                               [&](const Family& f) { return f.gguf == gguf; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace fitvram
