#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace fitvram {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::size_t longest_typo = 256;

struct Unit {
  std::string_view suffix;
  std::uint64_t size;
};

constexpr std::uint64_t kibi = 1024;
constexpr Unit byte_units[] = {{"b", 1},
                               {"k", kibi},
                               {"m", kibi* kibi},
                               {"g", kibi* kibi* kibi},
                               {"t", kibi* kibi* kibi* kibi}};
constexpr Unit token_units[] = {{"", 1}, {"k", kibi}, {"m", kibi* kibi}};
constexpr Unit param_units[] = {{"", 1},
                                {"k", 1'000},
                                {"m", 1'000'000},
                                {"b", 1'000'000'000},
                                {"g", 1'000'000'000},
                                {"t", 1'000'000'000'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

std::optional<std::uint64_t> to_integer(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(c - '0'), &value)) {
      return std::nullopt;
    }
  }
  return value;
}

struct Decimal {
  std::string_view whole;
  std::string_view fraction;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal decimal;
  decimal.whole = take_digits(text);
  if (decimal.whole.empty() && !text.starts_with('.')) return std::nullopt;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    decimal.fraction = take_digits(text);
    if (decimal.fraction.empty()) return std::nullopt;
  }
  return decimal;
}

// floor(decimal * unit): dividing from the last digit on keeps every step in 64 bits, and nested
// floors are the floor of the whole.
std::optional<std::uint64_t> scale(const Decimal& decimal, std::uint64_t unit) {
  if (unit == 1 && !decimal.fraction.empty()) return std::nullopt;
  auto value = to_integer(decimal.whole);
  if (!value || __builtin_mul_overflow(*value, unit, &*value)) return std::nullopt;
  std::uint64_t part = 0;
  for (auto c = decimal.fraction.rbegin(); c != decimal.fraction.rend(); ++c) {
    part = (static_cast<std::uint64_t>(*c - '0') * unit + part) / 10;
  }
  if (__builtin_add_overflow(*value, part, &*value)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> unit_of(std::span<const Unit> units, std::string_view suffix) {
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.suffix == suffix; });
  if (unit == units.end()) return std::nullopt;
  return unit->size;
}

std::optional<std::uint64_t> power_of_ten(std::string_view exponent) {
  const auto n = to_integer(exponent);
  if (exponent.empty() || !n || *n > 18) return std::nullopt;
  std::uint64_t power = 1;
  for (std::uint64_t i = 0; i < *n; ++i) power *= 10;
  return power;
}

std::uint64_t divide_rounded(std::uint64_t n, std::uint64_t step) {
  return n / step + (n % step >= step - step / 2 ? 1 : 0);
}

std::string with_decimals(std::uint64_t scaled, std::size_t decimals) {
  std::string text = std::to_string(scaled);
  if (decimals == 0) return text;
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  return text.insert(text.size() - decimals, ".");
}

// Length of the well-formed UTF-8 sequence at the start of `text` and its code point; 0 if none.
std::pair<std::size_t, std::uint32_t> decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(text[i]) & 0xFFU; };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {0, 0};
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {0, 0};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest[length] || code > 0x10FFFF || surrogate) return {0, 0};
  return {length, code};
}

// C0, C1, DEL, line separators, and the marks that reorder the text around them.
bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

}  // namespace

std::string format_bytes(Bytes bytes) {
  const std::uint64_t n = bytes.count;
  if (n < kibi) return std::to_string(n) + " B";
  const auto tenths = [&](std::uint64_t unit) {
    return n / unit * 10 + divide_rounded(n % unit * 10, unit);
  };
  for (const auto& [unit, name] : {std::pair{KiB.count, " KiB"}, std::pair{MiB.count, " MiB"}}) {
    const std::uint64_t value = tenths(unit);
    if (value >= kibi * 10) continue;
    return (value % 10 == 0 ? std::to_string(value / 10) : with_decimals(value, 1)) + name;
  }
  const std::uint64_t unit = GiB.count;
  return with_decimals(n / unit * 100 + divide_rounded(n % unit * 100, unit), 2) + " GiB";
}

std::string format_count(std::uint64_t n) {
  if (n < 1000) return std::to_string(n);
  std::uint64_t unit = 1;
  for (const char* name : {" K", " M", " B", " T", " P"}) {
    unit *= 1000;
    std::uint64_t step = unit / 100;
    for (const std::size_t decimals : {2U, 1U, 0U}) {
      const std::uint64_t value = divide_rounded(n, step);
      if (value < 1000) return with_decimals(value, decimals) + name;
      step *= 10;
    }
  }
  return std::to_string(divide_rounded(n, unit)) + " P";
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  text = trim(text);
  const auto decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  std::string suffix = lower_case(trim(text));
  if (suffix.empty()) {
    const auto whole = to_integer(decimal->whole);
    if (!whole) return std::nullopt;
    suffix = *whole < 4096 || (*whole == 4096 && decimal->fraction.empty()) ? "g" : "b";
  } else if (suffix.size() > 1) {
    if (suffix.back() == 'b') suffix.pop_back();
    if (suffix.size() == 2 && suffix.back() == 'i' && suffix.front() != 'b') suffix.pop_back();
    if (suffix == "b") return std::nullopt;
  }
  const auto unit = unit_of(byte_units, suffix);
  if (!unit) return std::nullopt;
  const auto bytes = scale(*decimal, *unit);
  if (!bytes) return std::nullopt;
  return Bytes{*bytes};
}

std::optional<std::uint64_t> parse_tokens(std::string_view text) {
  text = trim(text);
  const auto decimal = take_decimal(text);
  const auto unit = unit_of(token_units, lower_case(trim(text)));
  if (!decimal || !unit) return std::nullopt;
  return scale(*decimal, *unit);
}

std::optional<std::uint64_t> parse_params(std::string_view text) {
  text = trim(text);
  const auto decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  const std::string suffix = lower_case(trim(text));
  std::optional<std::uint64_t> unit;
  if (!suffix.empty() && suffix.front() == 'e') {
    std::string_view rest = std::string_view{suffix}.substr(1);
    if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
    const std::string_view exponent = take_digits(rest);
    if (rest.empty()) unit = power_of_ten(exponent);
  } else {
    unit = unit_of(param_units, suffix);
  }
  if (!unit) return std::nullopt;
  const auto count = scale(*decimal, *unit);
  return count && *count > 0 ? count : std::nullopt;
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string fold_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : lower_case(text)) {
    const bool separator = is_space(c) || c == '-' || c == '_' || c == '.' || c == '/';
    if (!separator) {
      out += c;
    } else if (out.empty() || out.back() != '-') {
      out += '-';
    }
  }
  return out;
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > longest_typo) return {};
  const std::string folded = lower_case(word);
  std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > word.size() + limit ||
        word.size() > candidate.size() + limit) {
      continue;
    }
    const std::size_t distance = edit_distance(folded, lower_case(candidate));
    if (distance < limit || (distance == limit && best.empty())) {
      limit = distance;
      best = candidate;
    }
  }
  return best;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [length, code] = decode(text);
    if (length == 0) {
      out += replacement;
    } else if (is_control(code)) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string printable_json(std::string_view json) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(json.size());
  const auto plain = [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; };
  while (!json.empty()) {
    const auto run = std::find_if_not(json.begin(), json.end(), plain) - json.begin();
    out += json.substr(0, static_cast<std::size_t>(run));
    json.remove_prefix(static_cast<std::size_t>(run));
    if (json.empty()) break;
    const auto [length, code] = decode(json);
    const auto character = json.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || code == '\n' || !is_control(code)) {
      out += character;
    } else {
      out += "\\u";
      for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[code >> shift & 15U];
    }
    json.remove_prefix(character.size());
  }
  return out;
}

std::string decimal(std::uint64_t millionths) {
  std::string text = std::to_string(millionths / 1'000'000);
  std::string rest = std::to_string(1'000'000 + millionths % 1'000'000).substr(1);
  rest.erase(rest.find_last_not_of('0') + 1);
  return rest.empty() ? text : text + '.' + rest;
}

std::optional<std::uint32_t> parse_millionths(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string rest(text.substr(std::min(point + 1, text.size())));
  if (whole.size() > 3 || rest.size() > 6 || whole.size() + rest.size() == 0) return std::nullopt;
  rest.resize(6, '0');
  std::uint32_t value = 0;
  for (const char c : std::string(whole) + rest) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@%+,";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

}  // namespace fitvram
