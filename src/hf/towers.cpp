#include "hf/towers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "families/family.hpp"
#include "fitvram/units.hpp"
#include "hf/reader.hpp"

namespace fitvram {

namespace {

using nlohmann::json;

struct Missing {};

std::uint64_t checked(const json& number) {
  const auto n = number.get<std::uint64_t>();
  if (n == 0 || n > 65536) throw Missing{};
  return n;
}

}  // namespace

void unknown_tower() { throw Missing{}; }

std::uint64_t TowerSection::at(std::string_view keys) const {
  for (const json* object : {&section_, &defaults_}) {
    for (std::size_t from = 0; from <= keys.size();) {
      const std::size_t end = std::min(keys.find(' ', from), keys.size());
      const auto found = object->find(std::string(keys.substr(from, end - from)));
      if (found != object->end() && found->is_number_unsigned()) return checked(*found);
      from = end + 1;
    }
  }
  throw Missing{};
}

std::uint64_t TowerSection::at(std::string_view keys, std::uint64_t otherwise) const try {
  return at(keys);
} catch (const Missing&) {
  return otherwise;
}

std::uint64_t TowerSection::top(const char* key) const {
  for (const json* object : {&root_, &defaults_}) {
    const auto found = object->find(key);
    if (found != object->end() && found->is_number_unsigned()) return checked(*found);
  }
  throw Missing{};
}

std::string TowerSection::word(const char* key) const {
  const auto found = section_.find(key);
  return found != section_.end() && found->is_string() ? found->get<std::string>() : "";
}

bool TowerSection::flag(const char* key) const {
  const auto found = section_.find(key);
  return found != section_.end() && found->is_boolean() && found->get<bool>();
}

std::uint64_t TowerSection::side(const char* key) const {
  const auto found = section_.find(key);
  if (found == section_.end() || !found->is_array() || found->empty()) return at(key);
  if (!found->front().is_number_unsigned()) throw Missing{};
  return checked(found->front());
}

std::uint64_t TowerSection::length(const char* key, std::uint64_t otherwise) const {
  const auto found = section_.find(key);
  if (found == section_.end()) return otherwise;
  return found->is_array() ? found->size() : 0;
}

std::uint64_t TowerSection::inside(const char* object, const char* key,
                                   std::uint64_t otherwise) const {
  const auto found = section_.find(object);
  if (found == section_.end() || !found->is_object()) return otherwise;
  return TowerSection(*found, root_, defaults_).at(key, otherwise);
}

std::uint64_t linear(std::uint64_t in, std::uint64_t out, bool bias) {
  return in * out + (bias ? out : 0);
}

std::uint64_t square(std::uint64_t n) { return n * n; }

std::uint64_t merged(std::uint64_t d, std::uint64_t n) {
  if (n > 64) throw Missing{};
  return d * n * n;
}

std::uint64_t plain_layer(std::uint64_t d, std::uint64_t f) {
  return 4 * linear(d, d) + linear(d, f) + linear(f, d) + 4 * d;
}

std::uint64_t siglip(const TowerSection& v) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t patch = square(v.at("patch_size"));
  const std::uint64_t n_patch =
      v.at("num_patches", square(v.at("image_size", 0) / v.at("patch_size")));
  return linear(3 * patch, d) + n_patch * d +
         v.at("num_hidden_layers") * plain_layer(d, v.at("intermediate_size")) + 2 * d;
}

std::uint64_t framed_patches(const TowerSection& v, std::uint64_t d) {
  return 3 * v.at("temporal_patch_size", 2) * square(v.at("patch_size spatial_patch_size")) * d;
}

namespace {

std::string word(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Tower* find_tower(std::string_view model_type) {
  for (const auto rows : {families(), strangers()})
    for (const Family* family : rows)
      for (const Tower& tower : family->config.towers)
        if (tower.model_type == model_type) return &tower;
  return nullptr;
}

std::uint64_t section_params(const json& section, const json& root, std::uint64_t n_embd) {
  // Sections of the Qwen families often leave out their own model_type.
  const std::string own = word(section, "model_type"), outer = word(root, "model_type");
  const Tower* tower = find_tower(outer + "/" + own);
  if (tower == nullptr) tower = find_tower(own.empty() ? outer : own);
  if (tower == nullptr) throw Missing{};
  return tower->params(TowerSection(section, root, default_object(tower->defaults)), n_embd);
}

// What else configs call their towers; none of these has a shape that is known here.
constexpr const char* other_towers[] = {
    "thinker_config", "vision_tower_cfg", "mm_vision_tower", "visual",     "vision_encoder_config",
    "vit_config",     "vision_cfg",       "vision_encoder",  "multimodal", "speech_config"};

}  // namespace

std::optional<std::uint64_t> tower_params(const json& root, std::uint64_t n_embd) {
  if (n_embd > 65536) return std::nullopt;
  try {
    const Family* family = find_family_of_hf(word(root, "model_type"));
    if (family != nullptr && family->config.own_tower != nullptr)
      return family->config.own_tower(TowerSection(root, root, json::object()), n_embd);
    for (const char* key : other_towers) {
      const auto section = root.find(key);
      if (section != root.end() && !section->is_null()) throw Missing{};
    }
    std::uint64_t sum = 0;
    for (const char* key : {"vision_config", "audio_config"}) {
      const auto section = root.find(key);
      if (section == root.end() || section->is_null()) continue;
      if (!section->is_object()) throw Missing{};
      sum = sat_add(sum, section_params(*section, root, n_embd));
    }
    return sum;
  } catch (const Missing&) {
    return std::nullopt;
  }
}

}  // namespace fitvram
