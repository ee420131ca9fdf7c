#include "hf/reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/malformed.hpp"
#include "base/text.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

constexpr std::uint32_t largest = std::uint32_t{1} << 31;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

const json* descend(const json& object, const std::string& key) {
  const json* value = &object;
  for (const auto& part : split(key, '/')) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(part);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

std::string spelled(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a string";
  return value.dump();
}

[[noreturn]] void wrong(const std::string& where, const std::string& message,
                        ErrorCode code = ErrorCode::malformed) {
  throw Malformed(code, where, message);
}

std::uint32_t checked(const json& value, const std::string& where, const std::string& key) {
  if (value.is_number_unsigned()) {
    const auto n = value.get<std::uint64_t>();
    if (n > largest)
      wrong(where, key + " is " + value.dump() + ", more than any model has", ErrorCode::limit);
    return static_cast<std::uint32_t>(n);
  }
  if (value.is_number_float()) {
    const double d = value.get<double>();
    if (d > largest)
      wrong(where, key + " is " + value.dump() + ", more than any model has", ErrorCode::limit);
    if (d >= 0 && d == std::floor(d)) return static_cast<std::uint32_t>(d);
  }
  if (value.is_number() && value.get<double>() < 0) {
    wrong(where, key + " is negative (" + value.dump() + ")");
  }
  wrong(where, key + " is " + spelled(value) + ", not a whole number");
}

// Where composite configs keep the language model, by the renames of conversion/base.py and by what
// else is in use; the first that is there wins. Words that mean something else elsewhere count only
// where an object stands.
constexpr std::array<std::string_view, 15> section_keys{"text_config",
                                                        "llm_config",
                                                        "lm_config",
                                                        "language_config",
                                                        "thinker_config/text_config",
                                                        "lfm",
                                                        "language_model_config",
                                                        "text_model_config",
                                                        "llm",
                                                        "llm_cfg",
                                                        "text_cfg",
                                                        "language",
                                                        "language_model",
                                                        "transformer_layer_config",
                                                        "decoder_config"};

bool decides_by_itself(std::string_view name) {
  const Family* family = find_family_of_hf(name);
  return family != nullptr && has_word(family->config.outer_classes, name);
}

bool holds_any_text(std::string_view name) {
  const Family* family = find_family_of_hf(name);
  return family != nullptr && has_word(family->config.any_text, name);
}

// Only a model type tells the class. Where a file has none it is a part of one, and a default is
// believed only for what the models of a class have in common.
constexpr std::string_view common_to_class =
    "head_dim qk_nope_head_dim qk_rope_head_dim v_head_dim conv_L_cache linear_conv_kernel_dim "
    "linear_key_head_dim linear_num_key_heads linear_num_value_heads linear_value_head_dim "
    "mamba_d_conv mamba_d_state mamba_expand mamba_n_groups mamba_n_heads";

std::string type_in(const json& section) {
  const json* type = descend(section, "model_type");
  return type != nullptr && type->is_string() ? type->get<std::string>() : std::string();
}

std::string class_in(const json& section) {
  const json* names = descend(section, "architectures");
  const bool named =
      names != nullptr && names->is_array() && !names->empty() && names->front().is_string();
  return named ? names->front().get<std::string>() : std::string();
}

json value_of(const std::string& word) {
  if (word == "true" || word == "false") return word == "true";
  if (word.find_first_not_of("0123456789") == std::string::npos) return std::stoul(word);
  return word;
}

}  // namespace

nlohmann::json default_object(std::string_view defaults) {
  json object = json::object();
  for (const auto& word : split(defaults, ' ')) {
    const std::size_t equals = word.find('=');
    json* place = &object;
    for (const auto& part : split(word.substr(0, equals), '/')) place = &(*place)[part];
    *place = value_of(word.substr(equals + 1));
  }
  return object;
}

HfReader::HfReader(const json& root) {
  for (const std::string_view key : section_keys) {
    const json* section = descend(root, std::string(key));
    if (section == nullptr || section->is_null()) continue;
    const std::string path = "/" + std::string(key);
    if (!section->is_object()) {
      if (!key.ends_with("_config")) continue;
      wrong(path, std::string(key) + " is " + spelled(*section) + ", not an object");
    }
    sections_.push_back({section, path});
    break;
  }
  sections_.push_back({&root, ""});
}

HfReader::Hit HfReader::stated(std::string_view keys) const {
  const auto spellings = split(keys, ' ');
  for (const auto& section : sections_) {
    for (const auto& key : spellings) {
      const json* value = descend(*section.object, key);
      if (value != nullptr && !value->is_null()) return {value, section.path + "/" + key, key};
    }
  }
  return {};
}

HfReader::Hit HfReader::hit(std::string_view keys) const {
  const Hit found = stated(keys);
  const Section& own = sections_.front();
  const bool in_own = found.value != nullptr && found.path.size() > own.path.size() &&
                      found.path.starts_with(own.path + "/");
  if (defaults_ == nullptr || in_own) return found;
  const auto spellings = split(keys, ' ');
  const auto is_null_here = [&](const std::string& key) { return is_null(key); };
  if (std::ranges::any_of(spellings, is_null_here)) return found;
  for (const auto& key : spellings) {
    if (!is_typed() && !has_word(common_to_class, key)) continue;
    const json* value = descend(*defaults_, key);
    if (value != nullptr && !value->is_object()) return {value, own.path + "/" + key, key, true};
  }
  return found;
}

const json* HfReader::find(std::string_view keys) const { return stated(keys).value; }

bool HfReader::is_null(std::string_view key) const {
  const json* value = descend(*sections_.front().object, std::string(key));
  return value != nullptr && value->is_null();
}

std::string HfReader::where(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value != nullptr) return found.path;
  const auto spellings = split(keys, ' ');
  return sections_.front().path + "/" + (spellings.empty() ? "" : spellings.front());
}

void HfReader::use_defaults(const Family* family) {
  const std::string own = section_model_type(), outer = outer_model_type();
  std::vector<std::string> names{outer + "/" + own};
  if (nested() && decides_by_itself(class_in(*sections_.back().object))) names.push_back(outer);
  names.push_back(class_in(*sections_.front().object));
  names.push_back(own);
  if (own.empty()) {
    for (const auto& section : sections_) names.push_back(class_in(*section.object));
    names.push_back(outer);
  }
  const bool only_one = family != nullptr && family->config.classes.size() == 1;
  const ConfigClass* only = only_one ? &family->config.classes.front() : nullptr;
  const ConfigClass* found = is_typed() ? nullptr : only;
  for (const auto& name : names)
    if (found == nullptr) found = find_config_class(name);
  if (found == nullptr && own.empty()) found = only;
  if (found != nullptr) defaults_ = std::make_shared<const json>(default_object(found->defaults));
}

bool HfReader::is_typed() const {
  return !section_model_type().empty() || !outer_model_type().empty();
}

void HfReader::use_rule(std::string_view key, std::string rule) const {
  if (!is_typed()) missing(key);
  add_used({std::string(key), std::move(rule)});
}

void HfReader::assume(std::string key, std::string value) const {
  add_used({std::move(key), std::move(value)});
}

void HfReader::add_used(Default used) const {
  if (std::find(defaults_used_.begin(), defaults_used_.end(), used) == defaults_used_.end())
    defaults_used_.push_back(std::move(used));
}

void HfReader::remember(const Hit& hit) const {
  // Complete configs leave this out, too: transformers writes what differs from the base class.
  if (!hit.is_default || hit.key == "tie_word_embeddings") return;
  add_used({hit.key, hit.value->is_string() ? hit.value->get<std::string>() : hit.value->dump(),
            hit.value->is_boolean()});
}

std::optional<std::uint32_t> HfReader::count(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return std::nullopt;
  remember(found);
  return checked(*found.value, found.path, found.key);
}

std::uint32_t HfReader::count_or(std::string_view keys, std::uint32_t otherwise) const {
  return count(keys).value_or(otherwise);
}

std::uint32_t HfReader::need(std::string_view keys) const {
  if (const auto n = count(keys)) return *n;
  missing(keys);
}

void HfReader::missing(std::string_view keys) const {
  const auto spellings = split(keys, ' ');
  std::string message = spellings.front() + " is missing";
  for (std::size_t i = 1; i < spellings.size(); ++i) {
    message += (i == 1 ? " (also tried " : ", ") + spellings[i];
  }
  if (spellings.size() > 1) message += ")";
  throw Malformed(ErrorCode::missing_field, sections_.front().path, message,
                  "use the complete config.json of the model");
}

std::optional<std::uint32_t> HfReader::positive(std::string_view keys) const {
  const auto n = count(keys);
  if (n && *n == 0) wrong(where(keys), hit(keys).key + " is 0");
  return n;
}

std::vector<std::uint32_t> HfReader::list(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return {};
  if (!found.value->is_array()) {
    wrong(found.path, found.key + " is " + spelled(*found.value) + ", not a list");
  }
  std::vector<std::uint32_t> values;
  values.reserve(found.value->size());
  for (const auto& value : *found.value) {
    const std::string place = found.path + "/" + std::to_string(values.size());
    values.push_back(value.is_null() ? 0 : checked(value, place, found.key));
  }
  return values;
}

PerLayer HfReader::per_layer(std::string_view keys) const {
  const json* value = hit(keys).value;
  if (value != nullptr && value->is_array()) return list(keys);
  if (const auto n = count(keys)) return *n;
  return {};
}

std::vector<std::string> HfReader::words(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return {};
  if (!found.value->is_array()) {
    wrong(found.path, found.key + " is " + spelled(*found.value) + ", not a list");
  }
  std::vector<std::string> values;
  for (const auto& value : *found.value) {
    if (!value.is_string())
      wrong(found.path, found.key + " holds " + spelled(value) + ", not only strings");
    values.push_back(value.get<std::string>());
  }
  return values;
}

std::optional<bool> HfReader::flag(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return std::nullopt;
  remember(found);
  if (found.value->is_boolean()) return found.value->get<bool>();
  if (found.value->is_number_integer()) return found.value->get<std::int64_t>() != 0;
  wrong(found.path, found.key + " is " + spelled(*found.value) + ", not true or false");
}

std::optional<double> HfReader::number(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return std::nullopt;
  if (!found.value->is_number()) {
    wrong(found.path, found.key + " is " + spelled(*found.value) + ", not a number");
  }
  return found.value->get<double>();
}

std::string HfReader::word(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr || !found.value->is_string()) return {};
  remember(found);
  return found.value->get<std::string>();
}

std::string HfReader::outer_model_type() const { return type_in(*sections_.back().object); }

std::string HfReader::section_model_type() const { return type_in(*sections_.front().object); }

std::vector<std::string> HfReader::top_keys() const {
  std::vector<std::string> keys;
  for (const auto& item : sections_.back().object->items()) keys.push_back(item.key());
  return keys;
}

std::vector<std::string> HfReader::architecture_words() const {
  std::vector<std::string> words;
  const auto add = [&](const std::string& word) {
    if (!word.empty()) words.push_back(word);
  };
  const json& top = *sections_.back().object;
  const std::string outer = class_in(top), outer_type = outer_model_type();
  if (decides_by_itself(outer)) add(outer);
  if (nested()) {
    const std::string type = section_model_type();
    add(class_in(*sections_.front().object));
    if (!type.empty() && find_family_of_hf(outer_type + "/" + type) != nullptr)
      add(outer_type + "/" + type);
    add(type);
    if (!words.empty() && (holds_any_text(outer) || holds_any_text(outer_type))) return words;
  }
  add(outer);
  add(outer_type);
  return words;
}

}  // namespace fitvram
