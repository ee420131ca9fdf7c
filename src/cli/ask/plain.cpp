#include "cli/ask/plain.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/ask/fields.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t most_digits = 18;

/// Every member answers "not plain" with something empty, and then nothing else counts.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool take(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool done() {
    skip_space();
    return at_ == end_;
  }
  /// Text between quotes.
  std::optional<std::string_view> text() {
    if (!take('"')) return std::nullopt;
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= ' ' && *at_ <= '~' && *at_ != '"' && *at_ != '\\') ++at_;
    if (at_ == end_ || *at_ != '"') return std::nullopt;
    return std::string_view(begin, static_cast<std::size_t>(at_++ - begin));
  }
  /// Digits, the first of which is 0 only alone; empty where there are none or too many.
  std::string_view digits() {
    skip_space();
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    const std::string_view found(begin, static_cast<std::size_t>(at_ - begin));
    const bool whole = found.size() == 1 || !found.starts_with('0');
    return whole && found.size() <= most_digits ? found : std::string_view();
  }
  /// "true" or "false"; empty when it is neither.
  std::string_view truth() {
    skip_space();
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    for (const std::string_view word : {"true", "false"}) {
      if (!rest.starts_with(word)) continue;
      at_ += word.size();
      return word;
    }
    return {};
  }
  char peek() {
    skip_space();
    return at_ == end_ ? '\0' : *at_;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
  }

  const char* at_;
  const char* end_;
};

std::optional<RequestField> value_of(Scanner& scanner, std::string_view key) {
  using Kind = RequestField::Kind;
  const auto field = [&](std::string_view value, Kind kind) -> std::optional<RequestField> {
    return RequestField{std::string(key), std::string(value), kind};
  };
  if (scanner.peek() == '"') {
    const auto text = scanner.text();
    return text ? field(*text, Kind::text) : std::nullopt;
  }
  if (const auto truth = scanner.truth(); !truth.empty()) return field(truth, Kind::boolean);
  if (const auto digits = scanner.digits(); !digits.empty()) return field(digits, Kind::number);
  return std::nullopt;
}

/// Texts that are no options. False: not plain.
bool take_word(Request& request, RequestField field) {
  const bool text = field.kind == RequestField::Kind::text;
  if (field.key == "id" && field.kind != RequestField::Kind::boolean)
    request.id = text ? '"' + field.text + '"' : std::move(field.text);
  else if (field.key == "model" && text)
    request.model = std::move(field.text);
  else if (field.key == "name" && text)
    request.name = std::move(field.text);
  else
    return false;
  return true;
}

}  // namespace

std::optional<Request> plain_request(const RequestText& text) {
  Scanner scanner(text.text);
  if (!scanner.take('{')) return std::nullopt;
  std::optional<Request> read(std::in_place);
  auto& request = *read;
  request.line = text.line;
  request.fields.reserve(6);
  std::array<std::string_view, 32> keys;
  for (auto* last = keys.begin(); last != keys.end(); ++last) {
    const auto key = scanner.text();
    if (!key || std::find(keys.begin(), last, *key) != last) return std::nullopt;
    *last = *key;
    if (!scanner.take(':')) return std::nullopt;
    auto field = value_of(scanner, *key);
    if (!field) return std::nullopt;
    if (is_request_key(*key))
      request.fields.push_back(std::move(*field));
    else if (!take_word(request, std::move(*field)))
      return std::nullopt;
    if (scanner.take(',')) continue;
    return scanner.take('}') && scanner.done() ? std::move(read) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace fitvram::cli
