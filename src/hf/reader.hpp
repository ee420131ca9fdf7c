#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "families/family.hpp"
#include "fitvram/hparams.hpp"

namespace fitvram {

/// Reads facts of the language model from a Hugging Face config. Keys are looked up in the nested
/// section that holds the language model (text_config, llm_config ...), then among the defaults of
/// its class, then at the top. `keys` is a space separated list of spellings of one fact, in the
/// order they are tried; "a/b" is key b of object a. A null is no value, and no default takes its
/// place. Every number goes through one check, so that a value of the wrong kind is an error that
/// names its place, never a misread number.
class HfReader {
 public:
  /// `root` must outlive the reader and be an object. Throws Malformed when a nested section is not
  /// an object.
  explicit HfReader(const nlohmann::json& root);

  /// From now on the defaults of the section's class apply: by its model type, by the words that
  /// name it, or the only class that `family` has.
  void use_defaults(const Family* family);
  /// A default that was needed. Files that are whole may lack a flag that is younger than they are;
  /// who lacks another key at the top level has lost it.
  struct Default {
    std::string key, value;
    bool is_flag = false;

    friend bool operator==(const Default&, const Default&) = default;
  };
  const std::vector<Default>& defaults_used() const { return defaults_used_; }
  /// Remembers that a rule of the class stands in for `key`; throws Malformed (missing_field) where
  /// no model type says which class that is.
  void use_rule(std::string_view key, std::string rule) const;
  /// Remembers that a value stands in for `key`.
  void assume(std::string key, std::string value) const;

  /// What the config states, no default.
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

  /// Keys of the file itself.
  std::vector<std::string> top_keys() const;
  /// Words that may name the architecture, best first.
  std::vector<std::string> architecture_words() const;
  /// model_type of the whole file, or of the section where that is, empty when there is none.
  std::string outer_model_type() const;
  std::string section_model_type() const;
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
    bool is_default = false;
  };
  Hit stated(std::string_view keys) const;
  Hit hit(std::string_view keys) const;
  void remember(const Hit& hit) const;
  void add_used(Default used) const;
  bool is_typed() const;

  std::vector<Section> sections_;                   // language model first, top last
  std::shared_ptr<const nlohmann::json> defaults_;  // of the section's class
  mutable std::vector<Default> defaults_used_;
};

/// The words of ConfigClass and Tower as the object that a config would state them in.
nlohmann::json default_object(std::string_view defaults);

}  // namespace fitvram
