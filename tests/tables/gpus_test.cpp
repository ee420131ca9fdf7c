#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "catch.hpp"
#include "fitvram/gpu.hpp"

using namespace fitvram;

namespace {

const std::vector<GpuCard>& table() {
  static const auto cards = parse_gpus(embedded_gpus(), "gpus.json").value();
  return cards;
}

std::string name_error(const char* json) {
  const auto cards = parse_gpus(json, "mine.json");
  REQUIRE_FALSE(cards);
  return cards.error().where + ": " + cards.error().message;
}

// What the lookup ignores in an alias: case and separators.
std::string squashed(const std::string& name) {
  std::string out = fold_name(name);
  out.erase(std::remove(out.begin(), out.end(), '-'), out.end());
  return out;
}

}  // namespace

TEST_CASE("names and aliases of the table are unique, and shared ones shared") {
  std::set<std::string> displays;
  std::map<std::string, std::set<std::string>> owners, sharers;
  for (const GpuCard& card : table()) {
    CAPTURE(card.display);
    CHECK(displays.insert(squashed(card.display)).second);
    CHECK(card.display.starts_with(card.name));
    for (const auto& alias : card.aliases) {
      CHECK(alias == lower_case(alias));
      owners[squashed(alias)].insert(card.display);
    }
    for (const auto& alias : card.shared_aliases) {
      CHECK(alias == lower_case(alias));
      sharers[squashed(alias)].insert(card.display);
    }
  }
  for (const auto& [alias, cards] : owners) {
    CAPTURE(alias);
    CHECK(cards.size() == 1);
    CHECK(sharers.count(alias) == 0);
    CHECK(displays.count(alias) == 0);
  }
  for (const auto& [alias, cards] : sharers) {
    CAPTURE(alias);
    const bool several = cards.size() > 1 || alias.starts_with("h100") || alias.starts_with("a100");
    CHECK(several);
  }
}

TEST_CASE("the table holds only plausible cards") {
  const std::set<std::string> vendors{"amd", "apple", "intel", "nvidia"};
  CHECK(table().size() > 300);
  for (const GpuCard& card : table()) {
    CAPTURE(card.display);
    CHECK(vendors.count(card.vendor) == 1);
    CHECK(card.marketed >= 2 * GiB);
    CHECK(card.marketed <= 512 * GiB);
    if (card.vendor == "apple") CHECK(card.unified);
    if (card.visible == Bytes{}) continue;
    // What a driver shows is at most a few MiB over the box, and at least two thirds (Apple) of it.
    CHECK(card.visible <= card.marketed);
    CHECK(card.visible * 3 >= card.marketed * 2 - 2 * MiB);
  }
}

TEST_CASE("a user's table needs little and is checked") {
  const auto cards = parse_gpus(
      R"({"gpus": [{"name": "Voodoo 2", "vendor": "NVIDIA", "vram_gib": 12, "aliases": ["V2"]}]})",
      "mine.json");
  REQUIRE(cards);
  CHECK(cards->front().display == "Voodoo 2");
  CHECK(find_gpu(*cards, "v2")->vram == 12 * GiB);
  CHECK(parse_gpus(R"({"gpus": []})", "mine.json")->empty());

  CHECK(name_error("") == "mine.json: byte 1: is not JSON");
  CHECK(name_error(R"({"gpus": 1e3007})") == "mine.json: a number is too large to be read");
  CHECK(name_error("[]") == "mine.json: a list, not a table of cards");
  CHECK(name_error("7") == "mine.json: has no list 'gpus'");
  CHECK(parse_gpus("[]", "mine.json").error().hint ==
        R"(a table of cards is {"gpus": [{"name": ..., "vendor": ..., "vram_gib": ...}, ...]})");
  CHECK(name_error(R"({"gpus": {}})") == "mine.json: has no list 'gpus'");
  CHECK(name_error(R"({"gpus": [1]})") == "mine.json: /gpus/0: is not an object");
  CHECK(name_error(R"({"gpus": [{"name": "a"}]})") == "mine.json: /gpus/0: has no 'vendor'");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": 1}]})") ==
        "mine.json: /gpus/0/vendor: is not a name");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": "b"}]})") ==
        "mine.json: /gpus/0: has no 'vram_gib'");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": "b", "vram_gib": -1}]})") ==
        "mine.json: /gpus/0/vram_gib: is not a whole number up to 65536");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": "b", "vram_gib": 0}]})") ==
        "mine.json: /gpus/0/vram_gib: is zero");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": "b", "vram_gib": 1, "aliases": [1]}]})") ==
        "mine.json: /gpus/0/aliases: is not a list of names");
  CHECK(name_error(R"({"gpus": [{"name": "a", "vendor": "b", "vram_gib": 1, "laptop": 1}]})") ==
        "mine.json: /gpus/0/laptop: is neither true nor false");
}
