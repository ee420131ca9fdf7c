#include "graph_families.hpp"

#include <algorithm>
#include <array>

namespace fitvram {

namespace {

constexpr std::array table{
    Family{.gguf = "cohere2", .build = build_transformer, .layer_norm = true, .parallel = true,
           .rope = Rope::windows, .caps = 1},
    Family{.gguf = "deepseek2", .build = build_transformer, .attention = mix_latent},
    Family{.gguf = "exaone4", .build = build_transformer, .rope = Rope::windows_if},
    Family{.gguf = "falcon-h1", .build = build_transformer, .recurrent = mix_mamba2},
    Family{.gguf = "gemma2", .build = build_transformer, .scaled_embd = true, .q_scaled = true,
           .caps = 3, .soft_cap = true},
    Family{.gguf = "gemma3", .build = build_transformer, .scaled_embd = true, .q_scaled = true},
    Family{.gguf = "glm4moe", .build = build_transformer, .post_is_ffn_norm = true},
    Family{.gguf = "gpt-oss", .build = build_transformer, .post_is_ffn_norm = true,
           .pick = Pick::before_norm, .gating = Gating::softmax_weight, .norm_weights = 0},
    Family{.gguf = "granitehybrid", .build = build_transformer, .recurrent = mix_mamba2,
           .scaled_embd = true, .scaled_residual = true, .rope = Rope::none, .caps = 1,
           .norm_weights = 1},
    Family{.gguf = "jamba", .build = build_transformer, .recurrent = mix_mamba1,
           .residual_first = ResidualFirst::both, .rope = Rope::none, .norm_weights = 0},
    Family{.gguf = "lfm2", .build = build_transformer, .recurrent = mix_short_conv,
           .residual_first = ResidualFirst::both, .norm_weights = 1},
    Family{.gguf = "lfm2moe", .build = build_transformer, .recurrent = mix_short_conv,
           .residual_first = ResidualFirst::both, .norm_weights = 1},
    Family{.gguf = "llama", .build = build_transformer, .norm_weights = 1},
    Family{.gguf = "llama4", .build = build_transformer, .attn_scaled = true,
           .rope = Rope::three_of_four, .gating = Gating::sigmoid, .norm_weights = 0},
    Family{.gguf = "mamba", .build = build_transformer, .recurrent = mix_mamba1},
    Family{.gguf = "mamba2", .build = build_transformer, .recurrent = mix_mamba2},
    Family{.gguf = "nemotron_h", .build = build_transformer, .recurrent = mix_mamba2,
           .pick = Pick::after_norm, .single = true, .rope = Rope::none, .act = Act::squared},
    Family{.gguf = "nemotron_h_moe", .build = build_transformer, .recurrent = mix_mamba2,
           .pick = Pick::after_norm, .single = true, .rope = Rope::none, .act = Act::squared},
    Family{.gguf = "olmo2", .build = build_transformer},
    Family{.gguf = "phi3", .build = build_transformer,
           .residual_first = ResidualFirst::after_ffn, .q_scaled = true, .norm_weights = 1,
           .act = Act::fused},
    Family{.gguf = "qwen2", .build = build_transformer},
    Family{.gguf = "qwen3", .build = build_transformer},
    Family{.gguf = "qwen35", .build = build_transformer, .recurrent = mix_delta_net,
           .attention = mix_gated_attention, .post_is_ffn_norm = true, .pick = Pick::after_norm,
           .expand_norm = true, .pos = 4},
    Family{.gguf = "qwen35moe", .build = build_transformer, .recurrent = mix_delta_net,
           .attention = mix_gated_attention, .post_is_ffn_norm = true, .pick = Pick::after_norm,
           .expand_norm = true, .norm_weights = 1, .pos = 4},
    Family{.gguf = "qwen3moe", .build = build_transformer, .norm_weights = 1},
    Family{.gguf = "qwen3next", .build = build_transformer, .recurrent = mix_delta_net,
           .attention = mix_gated_attention, .post_is_ffn_norm = true, .pick = Pick::after_norm,
           .expand_norm = true, .norm_weights = 1},
};

}  // namespace

const Family* find_family(std::string_view gguf) {
  const auto it = std::find_if(table.begin(), table.end(),
                               [&](const Family& f) { return f.gguf == gguf; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace fitvram
