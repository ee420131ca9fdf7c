#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "base/text.hpp"
#include "fitvram/gpu.hpp"

namespace fitvram {
namespace {

constexpr std::uint32_t most_cards = 64;
constexpr std::size_t count_digits = 3;  // "7900 XTX" is a card
constexpr std::size_t most_offered = 8;
constexpr std::size_t longest_spec = 128;
constexpr std::string_view elsewhere =
    "give the memory with --vram 24GiB; fitvram list gpus prints all";

// Words that carry no choice: "NVIDIA GeForce RTX 4090" and "RTX 4090" are one card.
constexpr std::string_view noise[] = {"amd",        "apple",  "arc",      "edition",  "geforce",
                                      "generation", "gpu",    "graphics", "instinct", "intel",
                                      "nvidia",     "radeon", "tesla"};
static_assert(sorted_and_unique(noise));

constexpr std::string_view laptop_words[] = {"laptop", "mobile", "notebook"};
constexpr std::string_view series[] = {"rtx", "gtx", "rx"};

struct Brand {
  std::string_view vendor;
  std::string_view series;  // what the display name starts with
  std::string_view prefix;
};
constexpr Brand brands[] = {{"amd", "RX ", "AMD Radeon "},
                            {"amd", "", "AMD "},
                            {"apple", "", ""},
                            {"intel", "", "Intel "},
                            {"nvidia", "GTX ", "NVIDIA GeForce "},
                            {"nvidia", "", "NVIDIA "}};

// A name as it is compared: noise gone, separators gone, the memory size taken out of `key`.
struct Label {
  std::string key;
  std::string sized;
  std::optional<std::uint64_t> gib;
  bool laptop = false;
};

template <typename Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> size_in(std::string_view word) {
  for (const std::string_view unit : {"gib", "gb", "g"}) {
    if (!word.ends_with(unit)) continue;
    word.remove_suffix(unit.size());
    std::uint64_t gib = 0;
    const auto end = word.data() + word.size();
    if (!is_number(word) || std::from_chars(word.data(), end, gib).ec != std::errc{}) break;
    return gib;
  }
  return std::nullopt;
}

std::vector<std::string> words_of(std::string_view text) {
  const std::string folded = fold_name(text);
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < folded.size();) {
    const std::size_t end = std::min(folded.find('-', begin), folded.size());
    std::string word = folded.substr(begin, end - begin);
    begin = end + 1;
    for (const std::string_view mark : {"(r)", "(tm)"}) {
      if (word.ends_with(mark)) word.resize(word.size() - mark.size());
    }
    if ((word == "gb" || word == "gib") && !words.empty() && is_number(words.back())) {
      words.back() += "gb";
    } else if (!word.empty() && !contains(noise, word)) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

Label label_of(std::string_view text) {
  Label label;
  for (const std::string& word : words_of(text)) {
    if (contains(laptop_words, word)) {
      label.laptop = true;
      continue;
    }
    const auto gib = size_in(word);
    label.sized += gib ? std::to_string(*gib) + "gb" : word;
    if (gib) {
      label.gib = gib;
    } else {
      label.key += word;
    }
  }
  return label;
}

// "4090" is short for "rtx4090".
bool same(std::string_view card, std::string_view asked) {
  if (card == asked) return true;
  return std::any_of(std::begin(series), std::end(series), [&](std::string_view word) {
    return card.size() == word.size() + asked.size() && card.starts_with(word) &&
           card.ends_with(asked);
  });
}

/// The letters and digits of a name, one bit each, without those that a size or a laptop adds.
std::uint64_t letters_of(std::string_view text) {
  std::uint64_t letters = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') letters |= std::uint64_t{1} << (c - '0');
    if (c >= 'a' && c <= 'z') letters |= std::uint64_t{1} << (c - 'a' + 10);
    if (c >= 'A' && c <= 'Z') letters |= std::uint64_t{1} << (c - 'A' + 10);
  }
  for (const char c : {'b', 'g', 'i', 'm'}) letters &= ~(std::uint64_t{1} << (c - 'a' + 10));
  return letters;
}

struct Match {
  bool named = false;  // the name, whatever the size
  bool exact = false;  // and the size, if one was given
};

Match match(const GpuCard& card, const Label& asked) {
  Match found;
  const std::uint64_t letters = letters_of(asked.key);
  const auto add = [&](std::string_view text) {
    if ((letters & ~letters_of(text)) != 0) return;
    const Label label = label_of(text);
    if (same(label.sized, asked.sized)) found.named = found.exact = true;
    const bool named =
        same(label.key, asked.key) || (card.laptop && same(label.key + "m", asked.key));
    if (!named || (label.gib && label.gib != asked.gib)) return;
    found.named = true;
    if (!asked.gib || *asked.gib * GiB == card.marketed) found.exact = true;
  };
  add(card.name);
  if (card.display != card.name) add(card.display);
  for (const auto& alias : card.aliases) add(alias);
  for (const auto& alias : card.shared_aliases) add(alias);
  return found;
}

std::string size_text(Bytes bytes) { return std::to_string(bytes.count / GiB.count) + " GB"; }

std::string full_name(const GpuCard& card) {
  std::string_view prefix;
  for (const Brand& brand : brands) {
    if (card.vendor != brand.vendor || !card.name.starts_with(brand.series)) continue;
    prefix = brand.prefix;
    break;
  }
  const bool geforce = card.vendor == "nvidia" && card.name.starts_with("RTX ") &&
                       is_number(std::string_view{card.name}.substr(4, 1)) &&
                       card.name.find(" Ada") == std::string::npos;
  return std::string{geforce ? std::string_view{"NVIDIA GeForce "} : prefix} + card.display;
}

std::string backend_of(std::string_view vendor) {
  if (vendor == "nvidia") return "cuda";
  return vendor == "apple" ? "metal" : "vulkan";
}

// Metal recommends two thirds of the RAM as a working set below 64 GiB, three quarters from there
// on.
Bytes working_set(Bytes ram) { return ram < 64 * GiB ? ram * 2 / 3 : ram * 3 / 4; }

Gpu gpu_of(const GpuCard& card, std::uint32_t count) {
  Gpu gpu;
  gpu.name = (count > 1 ? std::to_string(count) + "x " : std::string{}) + full_name(card);
  gpu.backend = backend_of(card.vendor);
  gpu.count = count;
  gpu.visible_known = card.visible > Bytes{};
  const Bytes whole = card.vendor == "apple" ? working_set(card.marketed) : card.marketed;
  gpu.vram = (gpu.visible_known ? card.visible : whole) * count;
  gpu.total = std::max(gpu.vram, card.unified ? card.marketed * count : Bytes{});
  gpu.unified = card.unified;
  gpu.vendor = card.vendor;
  return gpu;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most_offered); ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > most_offered) {
    out += " and " + std::to_string(names.size() - most_offered) + " more";
  }
  return out;
}

std::string nearest(std::span<const GpuCard> cards, std::string_view spec) {
  std::string asked;
  for (const std::string& word : words_of(spec)) {
    if (size_in(word) || contains(laptop_words, word)) continue;
    asked += (asked.empty() ? "" : " ") + word;
  }
  std::vector<std::string_view> names;
  for (const GpuCard& card : cards) {
    std::string_view name = card.name;
    names.push_back(name);
    const std::size_t space = name.find(' ');
    if (space != std::string_view::npos && contains(series, lower_case(name.substr(0, space)))) {
      names.push_back(name.substr(space + 1));
    } else if (name.starts_with("Apple ")) {
      names.push_back(name.substr(6));
    }
  }
  const std::string_view best = closest(asked, names);
  if (best.empty()) return {};
  const auto card = std::find_if(cards.begin(), cards.end(),
                                 [&](const GpuCard& c) { return c.name.ends_with(best); });
  return card->name;
}

// "2x 4090", "4 x H100": the count, and `spec` without it.
std::uint32_t take_count(std::string_view& spec) {
  while (spec.starts_with(' ')) spec.remove_prefix(1);
  const std::size_t digits = std::min(spec.find_first_not_of("0123456789"), spec.size());
  std::string_view rest = spec.substr(digits);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const std::size_t times = rest.starts_with("\xC3\x97") ? 2 : 1;
  if (digits == 0 || digits > count_digits || rest.empty() ||
      (times == 1 && rest.front() != 'x' && rest.front() != 'X' && rest.front() != '*')) {
    return 1;
  }
  rest.remove_prefix(times);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty()) return 1;
  std::uint32_t count = 0;
  const auto read = std::from_chars(spec.data(), spec.data() + digits, count);
  if (read.ec != std::errc{} || count == 0 || count > most_cards) {
    throw Malformed{ErrorCode::limit, "gpu",
                    "'" + std::string(spec.substr(0, digits)) + "' is not a number of cards",
                    "from 1 to " + std::to_string(most_cards)};
  }
  spec = rest;
  return count;
}

std::string sizes_of(const std::vector<const GpuCard*>& cards) {
  std::vector<std::string> sizes;
  for (const GpuCard* card : cards) {
    const std::string size = size_text(card->marketed);
    if (card->laptop == cards.front()->laptop && !contains(sizes, size)) sizes.push_back(size);
  }
  return join(sizes);
}

Malformed unknown(std::span<const GpuCard> cards, std::string_view spec) {
  const std::string shown(spec);
  const std::string near = nearest(cards, spec);
  std::string hint{elsewhere};
  if (parse_bytes(spec)) {
    hint = "an amount of memory goes to --vram " + shown;
  } else if (!near.empty()) {
    hint = "did you mean '" + near + "'? or " + hint;
  }
  return Malformed{ErrorCode::unknown_name, "gpu", "no GPU is called '" + shown + "'", hint};
}

Malformed ambiguous(const std::vector<const GpuCard*>& cards, std::string_view spec) {
  std::vector<std::string> names;
  names.reserve(cards.size());
  for (const GpuCard* card : cards) names.push_back(card->display);
  return Malformed{
      ErrorCode::ambiguous, "gpu",
      "'" + std::string(spec) + "' stands for " + std::to_string(cards.size()) + " cards",
      "say which: " + join(names)};
}

Gpu find(std::span<const GpuCard> cards, std::string_view spec) {
  if (spec.size() > longest_spec) {
    throw Malformed{ErrorCode::unknown_name, "gpu", "no GPU has a name that long",
                    std::string{elsewhere}};
  }
  const std::uint32_t count = take_count(spec);
  const Label asked = label_of(spec);
  if (asked.sized.empty()) throw unknown(cards, spec);

  std::vector<const GpuCard*> named, found;
  for (const GpuCard& card : cards) {
    if (asked.laptop && !card.laptop) continue;
    const Match m = match(card, asked);
    if (m.named) named.push_back(&card);
    if (m.exact) found.push_back(&card);
  }
  const auto on_desk = [](const GpuCard* card) { return !card->laptop; };
  if (std::any_of(found.begin(), found.end(), on_desk)) {
    std::erase_if(found, [](const GpuCard* card) { return card->laptop; });
  }
  if (found.empty() && !named.empty()) {
    throw Malformed{ErrorCode::unknown_name, "gpu",
                    named.front()->name + " comes with " + sizes_of(named) + ", not " +
                        std::to_string(asked.gib.value_or(0)) + " GB",
                    std::string{elsewhere}};
  }
  if (found.empty()) throw unknown(cards, spec);
  // Boards that differ in form but not in memory are one answer.
  const bool alike = std::all_of(found.begin(), found.end(), [&](const GpuCard* card) {
    return card->marketed == found.front()->marketed && card->visible == found.front()->visible;
  });
  if (!alike) throw ambiguous(found, spec);
  return gpu_of(*found.front(), count);
}

}  // namespace

Result<Gpu> find_gpu(std::span<const GpuCard> cards, std::string_view spec) try {
  return find(cards, spec);
} catch (const Malformed& e) {
  return Error{e.code, e.where, e.what(), e.hint};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, "gpu", "needs more memory than there is", ""};
}

Gpu gpu_of_memory(Bytes vram) {
  Gpu gpu;
  const bool whole = vram.count % GiB.count == 0;
  gpu.name = whole ? std::to_string(vram.count / GiB.count) + " GiB" : format_bytes(vram);
  gpu.backend = "cuda";
  gpu.vram = gpu.total = vram;
  gpu.visible_known = true;
  return gpu;
}

}  // namespace fitvram
