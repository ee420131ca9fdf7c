#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/malformed.hpp"
#include "base/text.hpp"
#include "fitvram/gpu.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_card_gib = 65536;

const json& member(const json& object, const char* key, const std::string& where) {
  const auto value = object.find(key);
  if (value == object.end()) {
    throw Malformed{ErrorCode::missing_field, where, std::string{"has no '"} + key + "'"};
  }
  return *value;
}

std::string text_at(const json& object, const char* key, const std::string& where) {
  const json& value = member(object, key, where);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    throw Malformed{ErrorCode::malformed, where + "/" + key, "is not a name"};
  }
  return value.get<std::string>();
}

std::uint64_t number_at(const json& object, const char* key, std::uint64_t most,
                        const std::string& where) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return 0;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
    throw Malformed{ErrorCode::malformed, where + "/" + key,
                    "is not a whole number up to " + std::to_string(most)};
  }
  return value->get<std::uint64_t>();
}

bool flag_at(const json& object, const char* key, const std::string& where) {
  const auto value = object.find(key);
  if (value == object.end()) return false;
  if (!value->is_boolean()) {
    throw Malformed{ErrorCode::malformed, where + "/" + key, "is neither true nor false"};
  }
  return value->get<bool>();
}

std::vector<std::string> names_at(const json& object, const char* key, const std::string& where) {
  std::vector<std::string> names;
  const auto value = object.find(key);
  if (value == object.end()) return names;
  const bool strings =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const json& name) { return name.is_string(); });
  if (!strings) {
    throw Malformed{ErrorCode::malformed, where + "/" + key, "is not a list of names"};
  }
  for (const json& name : *value) names.push_back(lower_case(name.get_ref<const std::string&>()));
  return names;
}

GpuCard card_of(const json& entry, const std::string& where) {
  if (!entry.is_object()) throw Malformed{ErrorCode::malformed, where, "is not an object"};
  GpuCard card;
  card.name = text_at(entry, "name", where);
  card.display = entry.contains("display") ? text_at(entry, "display", where) : card.name;
  card.vendor = lower_case(text_at(entry, "vendor", where));
  member(entry, "vram_gib", where);
  card.marketed = number_at(entry, "vram_gib", largest_card_gib, where) * GiB;
  if (card.marketed == Bytes{}) {
    throw Malformed{ErrorCode::malformed, where + "/vram_gib", "is zero"};
  }
  card.visible = number_at(entry, "vram_mib_seen", largest_card_gib * 1024, where) * MiB;
  card.bandwidth_gbps =
      static_cast<std::uint32_t>(number_at(entry, "bandwidth_gbps", 1'000'000, where));
  card.unified = flag_at(entry, "unified", where);
  card.laptop = flag_at(entry, "laptop", where);
  card.aliases = names_at(entry, "aliases", where);
  card.shared_aliases = names_at(entry, "shared_aliases", where);
  return card;
}

}  // namespace

Result<std::vector<GpuCard>> parse_gpus(std::string_view text, const std::string& name) try {
  const json root = json::parse(text);
  const bool listed = root.is_object() && root.contains("gpus") && root.at("gpus").is_array();
  const std::string form =
      "a table of cards is {\"gpus\": [{\"name\": ..., \"vendor\": ..., \"vram_gib\": ...}, ...]}";
  if (root.is_array())
    throw Malformed{ErrorCode::malformed, "", "a list, not a table of cards", form};
  if (!listed) throw Malformed{ErrorCode::malformed, "", "has no list 'gpus'", form};
  std::vector<GpuCard> cards;
  cards.reserve(root.at("gpus").size());
  for (const json& entry : root.at("gpus")) {
    cards.push_back(card_of(entry, "/gpus/" + std::to_string(cards.size())));
  }
  return cards;
} catch (const Malformed& e) {
  return e.to_error(name);
} catch (const json::parse_error& e) {
  return Error{ErrorCode::malformed, name + ": byte " + std::to_string(e.byte), "is not JSON", ""};
} catch (const json::out_of_range&) {
  return Error{ErrorCode::limit, name, "a number is too large to be read", ""};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, name, "needs more memory than there is", ""};
}

}  // namespace fitvram
