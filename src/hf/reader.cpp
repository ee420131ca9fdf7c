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
// else is in use; the first that is there wins.
constexpr std::array<std::string_view, 12> section_keys{"text_config",
                                                        "llm_config",
                                                        "lm_config",
                                                        "language_config",
                                                        "thinker_config/text_config",
                                                        "lfm",
                                                        "language_model_config",
                                                        "text_model_config",
                                                        "llm",
                                                        "language_model",
                                                        "transformer_layer_config",
                                                        "decoder_config"};

bool decides_by_itself(std::string_view name) {
  const Family* family = find_family_of_hf(name);
  return family != nullptr && has_word(family->config.outer_classes, name);
}

}  // namespace

HfReader::HfReader(const json& root) {
  for (const std::string_view key : section_keys) {
    const json* section = descend(root, std::string(key));
    if (section == nullptr || section->is_null()) continue;
    const std::string path = "/" + std::string(key);
    if (!section->is_object())
      wrong(path, std::string(key) + " is " + spelled(*section) + ", not an object");
    sections_.push_back({section, path});
    break;
  }
  sections_.push_back({&root, ""});
  model_type_ = word("model_type");
  family_of_type_ = find_family_of_hf(model_type_);
}

HfReader::Hit HfReader::hit(std::string_view keys) const {
  for (const auto& key : split(keys, ' ')) {
    for (const auto& section : sections_) {
      const json* value = descend(*section.object, key);
      if (value != nullptr && !value->is_null()) return {value, section.path + "/" + key, key};
    }
  }
  return {};
}

const json* HfReader::find(std::string_view keys) const { return hit(keys).value; }

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

void HfReader::use_defaults(const Family* family) { family_ = family; }

const ConfigDefault* HfReader::find_default(const Family* family, std::string_view key) const {
  if (family == nullptr) return nullptr;
  for (const ConfigDefault& row : family->config.defaults) {
    const bool architecture = family == family_ && row.of == family->gguf;
    if (row.key != key || (row.of != model_type_ && !architecture)) continue;
    if (row.nested_only && !nested()) continue;
    return &row;
  }
  return nullptr;
}

std::optional<std::uint32_t> HfReader::default_of(std::string_view keys) const {
  for (const auto& key : split(keys, ' ')) {
    const ConfigDefault* row = find_default(family_, key);
    if (row == nullptr) row = find_default(family_of_type_, key);
    if (row == nullptr) continue;
    std::string used = key + " = " + std::to_string(row->value);
    if (std::find(defaults_used_.begin(), defaults_used_.end(), used) == defaults_used_.end()) {
      defaults_used_.push_back(std::move(used));
    }
    return row->value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> HfReader::count(std::string_view keys) const {
  const Hit found = hit(keys);
  if (found.value == nullptr) return default_of(keys);
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
  const json* value = find(keys);
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
  const json* value = find(keys);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string HfReader::outer_model_type() const {
  const json* type = descend(*sections_.back().object, "model_type");
  return type != nullptr && type->is_string() ? type->get<std::string>() : std::string();
}

std::vector<std::string> HfReader::architecture_words() const {
  std::vector<std::string> classes, types, outer;
  for (const auto& section : sections_) {
    if (const json* names = descend(*section.object, "architectures");
        names != nullptr && names->is_array() && !names->empty() && names->front().is_string()) {
      const auto name = names->front().get<std::string>();
      (decides_by_itself(name) ? outer : classes).push_back(name);
    }
    if (const json* type = descend(*section.object, "model_type");
        type != nullptr && type->is_string() && !type->get_ref<const std::string&>().empty()) {
      types.push_back(type->get<std::string>());
    }
  }
  outer.insert(outer.end(), classes.begin(), classes.end());
  outer.insert(outer.end(), types.begin(), types.end());
  return outer;
}

}  // namespace fitvram
