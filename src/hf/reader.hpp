#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "families/family.hpp"
#include "fitvram/hparams.hpp"

namespace fitvram {

/// Reads facts of the language model from a Hugging Face config. Keys are looked up in the nested
/// section that holds the language model (text_config, llm_config ...), then at the top. `keys` is
/// a space separated list of spellings of one fact, in the order they are tried; "a/b" is key b of
/// object a; null counts as absent. Every number goes through one check, so that a value of the
/// wrong kind is an error that names its place, never a misread number.
class HfReader {
 public:
  /// `root` must outlive the reader and be an object. Throws Malformed when a nested section is not
  /// an object.
  explicit HfReader(const nlohmann::json& root);

  /// Sets whose defaults apply from now on beside those of the section's own model_type.
  void use_defaults(const Family* family);
  /// Defaults that were needed, as "key = value".
  const std::vector<std::string>& defaults_used() const { return defaults_used_; }

  const nlohmann::json* find(std::string_view keys) const;
  bool has(std::string_view keys) const { return find(keys) != nullptr; }
  /// Present with the value null, in the place where it would be looked for first.
  bool is_null(std::string_view key) const;
  bool nested() const { return sections_.size() > 1; }

  std::optional<std::uint32_t> count(std::string_view keys) const;
  std::uint32_t count_or(std::string_view keys, std::uint32_t otherwise) const;
  /// Throws Malformed (missing_field) naming all spellings when absent.
  std::uint32_t need(std::string_view keys) const;
  [[noreturn]] void missing(std::string_view keys) const;
  /// Like count(), and zero is an error.
  std::optional<std::uint32_t> positive(std::string_view keys) const;

  PerLayer per_layer(std::string_view keys) const;
  std::vector<std::uint32_t> list(std::string_view keys) const;
  std::vector<std::string> words(std::string_view keys) const;
  std::optional<bool> flag(std::string_view keys) const;
  std::optional<double> number(std::string_view keys) const;
  std::string word(std::string_view keys) const;

  /// Words that may name the architecture, best first.
  std::vector<std::string> architecture_words() const;
  /// model_type of the whole file, empty when there is none.
  std::string outer_model_type() const;
  /// JSON pointer of the key as it was found, or of where it was expected.
  std::string where(std::string_view keys) const;

 private:
  struct Section {
    const nlohmann::json* object;
    std::string path;
  };
  struct Hit {
    const nlohmann::json* value = nullptr;
    std::string path;
    std::string key;
  };
  Hit hit(std::string_view keys) const;
  std::optional<std::uint32_t> default_of(std::string_view keys) const;
  const ConfigDefault* find_default(const Family* family, std::string_view key) const;

  std::vector<Section> sections_;  // language model first, top last
  std::string model_type_;
  const Family* family_of_type_ = nullptr;
  const Family* family_ = nullptr;
  mutable std::vector<std::string> defaults_used_;
};

}  // namespace fitvram
