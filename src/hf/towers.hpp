#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace fitvram {

/// Parameters of the vision and audio towers that a config describes, their projectors into the
/// language model included: 0 when there are none, nothing when their shape is not known.
/// Source: the modeling files of huggingface/transformers 4.57, by vision_config.model_type.
std::optional<std::uint64_t> tower_params(const nlohmann::json& root, std::uint64_t n_embd);

/// One section of a config, whose numbers are small enough for plain products: from 1 to 65536.
/// What it does not say is its class's default; a tower that lacks a number that is asked for has
/// no known shape.
class TowerSection {
 public:
  TowerSection(const nlohmann::json& section, const nlohmann::json& root,
               const nlohmann::json& defaults)
      : section_(section), root_(root), defaults_(defaults) {}

  /// `keys` are spellings of one key, separated by spaces.
  std::uint64_t at(std::string_view keys) const;
  std::uint64_t at(std::string_view keys, std::uint64_t otherwise) const;
  /// A key of the whole config.
  std::uint64_t top(const char* key) const;
  std::string word(const char* key) const;
  bool flag(const char* key) const;
  /// A number, or the first of a list of equal ones ("image_size": [448, 448]).
  std::uint64_t side(const char* key) const;
  /// Entries of a list, `otherwise` when it is absent.
  std::uint64_t length(const char* key, std::uint64_t otherwise) const;
  /// A key of an object in the section.
  std::uint64_t inside(const char* object, const char* key, std::uint64_t otherwise) const;

 private:
  const nlohmann::json& section_;
  const nlohmann::json& root_;
  const nlohmann::json& defaults_;
};

[[noreturn]] void unknown_tower();

// What towers are made of, in parameters.

std::uint64_t linear(std::uint64_t in, std::uint64_t out, bool bias = true);
std::uint64_t square(std::uint64_t n);
/// Values of `n` x `n` patches side by side.
std::uint64_t merged(std::uint64_t d, std::uint64_t n);
/// Attention with four biased projections, a plain feed-forward and two LayerNorms.
std::uint64_t plain_layer(std::uint64_t d, std::uint64_t f);
std::uint64_t siglip(const TowerSection& v);
/// Patches in pairs of frames.
std::uint64_t framed_patches(const TowerSection& v, std::uint64_t d);

}  // namespace fitvram
