#pragma once
#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/sorted.hpp"
#include "families/family.hpp"

namespace fitvram {

// The words that the rows of all kins are written in.

// Windows.

constexpr WindowRule every(std::uint32_t period, std::uint32_t size = 0) {
  return {.kind = WindowRule::Kind::key, .size = size, .period = period};
}

constexpr WindowRule first_full(std::uint32_t period) {
  return {.kind = WindowRule::Kind::key, .period = period, .first_full = true};
}

constexpr WindowRule listed() { return {.kind = WindowRule::Kind::key}; }

constexpr WindowRule listed_or_hyper() {
  return {.kind = WindowRule::Kind::key, .all_if_hyper = true};
}

constexpr WindowRule all_layers() { return {.kind = WindowRule::Kind::key, .all_attention = true}; }

constexpr WindowRule required(WindowRule rule) {
  rule.required = true;
  return rule;
}

constexpr WindowRule for_n_layer(std::uint32_t n_layer, WindowRule rule) {
  rule.only_n_layer = n_layer;
  return rule;
}

constexpr WindowRule chunks(std::uint32_t size, std::uint32_t period) {
  return {.kind = WindowRule::Kind::fixed,
          .size = size,
          .if_absent = true,
          .period = period,
          .chunked = true};
}

constexpr WindowRule fixed_first_full(std::uint32_t size, std::uint32_t period) {
  return {.kind = WindowRule::Kind::fixed, .size = size, .period = period, .first_full = true};
}

// Blocks.

inline constexpr auto gqa = AttentionBlock::gqa;
inline constexpr auto fused_qkv = AttentionBlock::fused_qkv;
inline constexpr auto mla = AttentionBlock::mla;
inline constexpr auto compressed = AttentionBlock::compressed;

inline constexpr auto gated = FeedForwardBlock::gated;
inline constexpr auto plain = FeedForwardBlock::plain;
inline constexpr auto fused = FeedForwardBlock::fused;

// Norms of each layer.

inline constexpr Norms pre{.names = "attn_norm ffn_norm"};
inline constexpr Norms pre_post{.names = "attn_norm post_attention_norm"};
inline constexpr Norms sandwich{.names = "attn_norm post_attention_norm ffn_norm post_ffw_norm"};
inline constexpr Norms post{.names = "post_attention_norm post_ffw_norm"};
inline constexpr Norms parallel{.names = "attn_norm"};
inline constexpr Norms rwkv{.names = "attn_norm attn_norm_2"};
inline constexpr Norms after{.names = "attn_output_norm layer_output_norm"};

constexpr Norms biased(Norms norms) {
  norms.biases = true;
  return norms;
}

// Biases.

inline constexpr Biases stated_biases{
    .qkv = Bias::stated, .out = Bias::stated, .mlp = Bias::stated};
inline constexpr Biases gpt2_biases{
    .qkv = Bias::unless_denied, .out = Bias::always, .mlp = Bias::always};

// Where the default of a class holds.

inline constexpr bool nested = true;
inline constexpr bool anywhere = false;

// Whole rows.

inline constexpr std::string_view not_llama_cpps = "llama.cpp v0.5.0 has no such architecture";

/// A family that llama.cpp does not have, by the model type of its configs.
constexpr Family stranger(std::string_view hf, const Elsewhere& elsewhere) {
  return {.hf = hf,
          .tensors = {.unknown = not_llama_cpps},
          .graph = {.unknown = not_llama_cpps},
          .config = {.unknown = not_llama_cpps},
          .elsewhere = elsewhere};
}

// What holds for every kin.

/// Strangers first, then rows sorted by GGUF name. That each says all is a test: g++ does not
/// compare functions with nullptr at compile time where it sanitizes.
constexpr bool in_order(std::span<const Family> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && !rows[i].gguf.empty() && !(rows[i - 1].gguf < rows[i].gguf)) return false;
    if (i > 0 && rows[i].gguf.empty() && !rows[i - 1].gguf.empty()) return false;
  }
  return true;
}

/// "key=value" words, no key twice.
constexpr bool states_each_once(std::string_view defaults) {
  for (std::string_view rest = defaults; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, end);
    const auto equals = word.find('=');
    if (equals == 0 || equals >= word.size() - 1) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto key = word.substr(0, equals + 1);
    if (rest.starts_with(key)) return false;
    for (auto at = rest.find(key); at != std::string_view::npos; at = rest.find(key, at + 1))
      if (rest[at - 1] == ' ') return false;
  }
  return true;
}

constexpr bool well_formed(std::span<const ConfigClass> classes) {
  return std::ranges::all_of(classes, [](const ConfigClass& row) {
    return !row.names.empty() && states_each_once(row.defaults);
  });
}

}  // namespace fitvram
