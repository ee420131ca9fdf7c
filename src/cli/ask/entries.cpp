#include "cli/ask/entries.hpp"

#include <algorithm>

#include "base/malformed.hpp"
#include "base/text.hpp"
#include "cli/base/prose.hpp"

namespace fitvram::cli {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Cuts JSON at its brackets without reading what is between them, so that one broken entry does
/// not hide the others, and knows the line of each piece.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) { skip_space(); }

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  std::size_t line() const { return line_; }

  bool take(char c) {
    if (peek() != c) return false;
    step(at_ + 1);
    return true;
  }

  /// The next value, or nothing where its brackets do not close.
  std::optional<RequestText> value() {
    std::size_t end = at_;
    std::string open;
    do {
      if (end == text_.size()) return std::nullopt;
      const char c = text_[end];
      if (c == '"') {
        end = string_end(end);
        if (end == std::string_view::npos) return std::nullopt;
        continue;
      }
      if (c == '{' || c == '[') open += c == '{' ? '}' : ']';
      if (c == '}' || c == ']') {
        if (open.empty() || open.back() != c) return std::nullopt;
        open.pop_back();
      }
      ++end;
    } while (!open.empty() || !ends_value(end));
    return taken(end);
  }

  /// A value that does not close: all before the next line that opens an object.
  RequestText broken_value() {
    auto end = text_.find('\n', at_);
    while (end != std::string_view::npos) {
      const auto next = text_.find_first_not_of(blanks, end);
      if (next == std::string_view::npos || text_[next] == '{') break;
      end = text_.find('\n', next);
    }
    return taken(std::min(end, text_.size()));
  }

 private:
  RequestText taken(std::size_t end) {
    const RequestText piece{text_.substr(at_, end - at_), line_};
    step(end);
    return piece;
  }
  void step(std::size_t to) {
    line_ +=
        static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                            text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
    skip_space();
  }
  void skip_space() {
    for (; at_ < text_.size() && blanks.find(text_[at_]) != std::string_view::npos; ++at_)
      if (text_[at_] == '\n') ++line_;
  }
  std::size_t string_end(std::size_t begin) const {
    for (std::size_t i = begin + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\')
        ++i;
      else if (text_[i] == '"')
        return i + 1;
    }
    return std::string_view::npos;
  }
  bool ends_value(std::size_t i) const {
    const char last = text_[i - 1];
    return i == text_.size() || last == '"' || last == '}' || last == ']' ||
           std::string_view(",:]} \t\r\n").find(text_[i]) != std::string_view::npos;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

[[noreturn]] void refuse(std::size_t line, const std::string& message) {
  throw Malformed{ErrorCode::malformed, std::to_string(line), message,
                  "what stands after it was not read"};
}

RequestText value_of(Cutter& cutter, const char* what) {
  const auto line = cutter.line();
  const auto piece = cutter.value();
  if (!piece) refuse(line, std::string(what) + " that starts here is not closed");
  return *piece;
}

void cut_list(Cutter& cutter, const std::string& file, Requests& to) {
  while (!cutter.take(']')) {
    if (cutter.done()) refuse(cutter.line(), "the list of entries is not closed");
    const auto piece = cutter.value();
    to.entries.push_back(piece ? *piece : cutter.broken_value());
    if (!piece || cutter.take(',') || cutter.peek() == ']' || cutter.done()) continue;
    const auto line = cutter.line();
    if (cutter.peek() != '{') refuse(line, "a comma or ']' must follow the entry before this");
    to.errors.emplace_back(line, Error{ErrorCode::malformed, file + ":" + std::to_string(line),
                                       "a comma must stand before this entry", ""});
  }
}

void cut_lines(std::string_view text, Requests& to) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto piece = text.substr(0, end);
    if (piece.find_first_not_of(blanks) != std::string_view::npos)
      to.entries.push_back({piece, line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return {};
  return text.substr(1, text.size() - 2);
}

void cut_catalog(Cutter& cutter, const std::string& file, Requests& to) {
  constexpr std::string_view keys[] = {"entries", "defaults", "schema_version", "$schema",
                                       "comment"};
  const auto wrong = [&](std::size_t line, std::string message, std::string hint) {
    to.errors.emplace_back(line, Error{ErrorCode::malformed, file + ":" + std::to_string(line),
                                       std::move(message), std::move(hint)});
  };
  while (!cutter.take('}')) {
    const auto line = cutter.line();
    const auto key = unquoted(value_of(cutter, "the key").text);
    if (!cutter.take(':')) refuse(line, "a key and ':' must stand here");
    if (key == "entries" && cutter.take('[')) {
      cut_list(cutter, file, to);
    } else {
      const auto value = value_of(cutter, "the value");
      if (std::find(std::begin(keys), std::end(keys), key) == std::end(keys))
        wrong(line, "a catalogue has no key '" + printable(key) + "'",
              did_you_mean(key, keys, "entries, defaults, schema_version or comment"));
      if (key == "entries")
        wrong(line, "'entries' is not a list", "{\"entries\": [{\"model\": ...}, ...]}");
      if (key == "defaults") to.defaults = value;
      if (key == "schema_version" && value.text != "1")
        wrong(line, "schema_version " + printable(value.text) + " is not known",
              "this fitvram reads version 1");
    }
    if (!cutter.take(',') && cutter.peek() != '}')
      refuse(cutter.line(),
             cutter.done() ? "the catalogue is not closed" : "a comma or '}' must stand here");
  }
}

/// Whether an object at the top of a file is a whole catalogue, not the first of its requests.
bool is_catalog(std::string_view text) {
  Cutter cutter(text);
  if (!cutter.take('{')) return false;
  bool request = false;
  while (!cutter.take('}')) {
    const auto key = cutter.value();
    if (!key || !cutter.take(':')) return false;
    if (unquoted(key->text) == "entries") return true;
    request = request || key->text == "\"model\"" || key->text == "\"params\"";
    if (!cutter.value() || (!cutter.take(',') && cutter.peek() != '}')) return false;
  }
  return cutter.done() && !request;
}

/// One request over several lines.
std::optional<RequestText> only_request(std::string_view text) {
  Cutter cutter(text);
  const auto value = cutter.peek() == '{' ? cutter.value() : std::nullopt;
  return cutter.done() ? value : std::nullopt;
}

}  // namespace

Requests cut_requests(std::string_view text, const std::string& file) try {
  Requests requests;
  const auto end = [&](std::size_t line, const std::string& message, const std::string& hint) {
    requests.errors.emplace_back(
        line, Error{ErrorCode::malformed, file + ":" + std::to_string(line), message, hint});
  };
  Cutter cutter(text);
  try {
    if (cutter.take('[')) {
      cut_list(cutter, file, requests);
    } else if (is_catalog(text)) {
      cutter.take('{');
      cut_catalog(cutter, file, requests);
      if (requests.entries.empty() && requests.errors.empty())
        end(1, "has no list 'entries'", "{\"entries\": [{\"model\": ...}, ...]}");
    } else if (const auto only = only_request(text)) {
      requests.entries.push_back(*only);
      return requests;
    } else {
      cut_lines(text, requests);
      return requests;
    }
    if (!cutter.done()) refuse(cutter.line(), "something follows the catalogue");
  } catch (const Malformed& e) {
    end(std::stoul(e.where), e.what(), e.hint);
  }
  return requests;
} catch (const std::bad_alloc&) {
  Requests requests;
  requests.errors.emplace_back(
      1, Error{ErrorCode::limit, file, "needs more memory than there is", ""});
  return requests;
}

}  // namespace fitvram::cli
