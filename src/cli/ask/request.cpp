#include "cli/ask/request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/malformed.hpp"
#include "base/text.hpp"
#include "cli/base/prose.hpp"

namespace fitvram::cli {
namespace {

using Json = nlohmann::ordered_json;  // whose objects are searched from the front
using Sorted = nlohmann::json;

constexpr std::uint64_t most_exact = std::uint64_t{1} << 53;
constexpr int deepest = 64;
constexpr std::size_t most_keys = 8192;

std::string kind_of(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_null()) return "null";
  if (value.is_string()) return "text";
  return value.dump();
}

[[noreturn]] void refuse(const std::string& at, const std::string& message,
                         const std::string& hint = {}) {
  throw Malformed{ErrorCode::malformed, at, message, hint};
}

/// An object; a key that is there twice would say two things.
Json parse_object(std::string_view text) {
  std::vector<std::set<std::string>> seen;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > deepest) refuse("", "is nested deeper than any request");
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event != Json::parse_event_t::key) return true;
    if (!seen.back().insert(parsed.get<std::string>()).second)
      refuse("", "the key '" + parsed.get<std::string>() + "' is there twice");
    if (seen.back().size() > most_keys)
      refuse("", "has an object of more than " + std::to_string(most_keys) + " keys");
    return true;
  };
  auto json = Json::parse(text, watch);
  if (!json.is_object())
    refuse("", "is not an object, but " + kind_of(json), "{\"model\": \"gemma-3-27b\"}");
  return json;
}

std::string text_at(const std::string& at, const Json& value) {
  if (!value.is_string()) refuse(at, "must be text, not " + kind_of(value));
  return value.get<std::string>();
}

std::uint64_t tokens_at(const std::string& at, const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  const auto tokens =
      value.is_string() ? parse_tokens(value.get<std::string>()) : std::optional<std::uint64_t>{};
  if (!tokens) refuse(at, kind_of(value) + " is not a number of tokens", "32768 or \"32k\"");
  return *tokens;
}

Bytes size_at(const std::string& at, const Json& value) {
  if (value.is_number_unsigned()) return Bytes{value.get<std::uint64_t>()};
  const auto size =
      value.is_string() ? parse_bytes(value.get<std::string>()) : std::optional<Bytes>{};
  if (!size)
    refuse(at, kind_of(value) + " is not an amount of memory", "bytes, or text such as \"22GiB\"");
  return *size;
}

std::optional<Verdict> verdict_at(const std::string& at, const Json& value) {
  const auto word = text_at(at, value);
  std::vector<std::string_view> names;
  for (const auto verdict : {Verdict::fits, Verdict::tight, Verdict::no}) {
    if (word == fitvram::name_of(verdict)) return verdict;
    names.emplace_back(fitvram::name_of(verdict));
  }
  refuse(at, "'" + word + "' is no verdict",
         did_you_mean(word, names, "fits, tight (or better) or no"));
}

Expectation expectation_at(const std::string& at, const Json& value) {
  constexpr std::string_view keys[] = {"verdict", "max_bytes", "min_ctx", "min_safe_ctx"};
  Expectation expect;
  if (value.is_string()) {
    expect.verdict = verdict_at(at, value);
    return expect;
  }
  if (!value.is_object())
    refuse(at, "must be a verdict or an object, not " + kind_of(value),
           "\"fits\", or {\"verdict\": \"tight\", \"max_bytes\": \"22GiB\"}");
  for (const auto& [key, what] : value.items()) {
    const auto place = at + "/" + key;
    if (key == "verdict")
      expect.verdict = verdict_at(place, what);
    else if (key == "max_bytes")
      expect.max_bytes = size_at(place, what);
    else if (key == "min_ctx")
      expect.min_ctx = tokens_at(place, what);
    else if (key == "min_safe_ctx")
      expect.min_safe_ctx = tokens_at(place, what);
    else
      refuse(place, "nothing is known that is called '" + key + "'",
             did_you_mean(key, keys, "verdict, max_bytes, min_ctx or min_safe_ctx"));
  }
  return expect;
}

RequestField field_at(const std::string& at, const std::string& key, const Json& value) {
  if (value.is_boolean())
    return {key, value.get<bool>() ? "true" : "false", RequestField::Kind::boolean};
  if (value.is_string()) return {key, value.get<std::string>(), RequestField::Kind::text};
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number >= 0 && number < static_cast<double>(most_exact)) {
      const auto whole = static_cast<std::uint64_t>(number);
      if (!(static_cast<double>(whole) < number))
        return {key, std::to_string(whole), RequestField::Kind::number};
    }
    refuse(at, value.dump() + " is not a whole number");
  }
  if (value.is_number()) return {key, value.dump(), RequestField::Kind::number};
  refuse(at, "must be a number, text, true or false, not " + kind_of(value));
}

void read_fields(const Json& json, const std::string& at, bool of_catalog, Request& to) {
  for (const auto& [key, value] : json.items()) {
    const auto place = at + "/" + key;
    if (!is_request_key(key)) {
      auto known = request_keys();
      known.insert(known.end(), {"model", "name", "id", "workload", "expect", "comment"});
      refuse(place, "a request has no key '" + key + "'",
             did_you_mean(key, known,
                          of_catalog ? "'fitvram help check' names the keys"
                                     : "'fitvram help estimate' names the keys"));
    }
    if (!value.is_null()) to.fields.push_back(field_at(place, key, value));
  }
}

Request request_of(Json json, bool of_catalog) {
  Request request;
  const auto take = [&](const char* key) {
    const auto found = json.find(key);
    if (found == json.end()) return Json();
    Json value = std::move(*found);
    json.erase(found);
    return value;
  };
  if (const auto id = take("id"); !id.is_null()) {
    if (id.is_structured()) refuse("/id", "must be text or a number, not " + kind_of(id));
    request.id = id.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (const auto name = take("name"); !name.is_null()) request.name = text_at("/name", name);
  if (const auto model = take("model"); model.is_object())
    request.config = model.dump(-1, ' ', false, Json::error_handler_t::replace);
  else if (!model.is_null())
    request.model = text_at("/model", model);
  if (json.contains("expect") && !of_catalog)
    refuse("/expect", "a request to estimate expects nothing",
           "'fitvram check' judges a catalogue of entries");
  if (const auto expect = take("expect"); !expect.is_null())
    request.expect = expectation_at("/expect", expect);
  take("comment");
  if (const auto workload = take("workload"); workload.is_object())
    read_fields(workload, "/workload", of_catalog, request);
  else if (!workload.is_null())
    refuse("/workload", "must be an object, not " + kind_of(workload));
  read_fields(json, "", of_catalog, request);
  return request;
}

std::string place_of(const std::string& file, std::size_t line, const std::string& pointer) {
  return file + ":" + std::to_string(line) + (pointer.empty() ? "" : ": " + printable(pointer));
}

/// The line of the value that a JSON pointer names, as far as its keys can be found in the text.
std::size_t line_of(const RequestText& text, const std::string& pointer) {
  std::size_t at = 0;
  for (std::size_t from = 1; from < pointer.size();) {
    const auto end = std::min(pointer.find('/', from), pointer.size());
    const auto found = text.text.find('"' + pointer.substr(from, end - from) + '"', at);
    if (found == std::string_view::npos) break;
    at = found;
    from = end + 1;
  }
  return text.line +
         static_cast<std::size_t>(std::count(
             text.text.begin(), text.text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

Result<Request> parse_request(const RequestText& text, const std::string& file,
                              bool of_catalog) try {
  auto request = request_of(parse_object(text.text), of_catalog);
  request.line = text.line;
  return request;
} catch (const Malformed& e) {
  return Error{e.code, place_of(file, line_of(text, e.where), e.where), e.what(), e.hint};
} catch (const Json::parse_error& e) {
  return not_json(text, file, e.byte);
} catch (const Json::exception&) {
  return not_json(text, file, 0);
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, place_of(file, text.line, ""), "needs more memory than there is",
               ""};
}

Error not_json(const RequestText& text, const std::string& file, std::size_t byte) {
  const auto before = text.text.substr(0, byte == 0 ? 0 : std::min(byte - 1, text.text.size()));
  const auto line =
      text.line + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const auto start = before.rfind('\n');
  const auto column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return {ErrorCode::malformed, file + ":" + std::to_string(line) + ":" + std::to_string(column),
          "is not JSON from here on",
          "a request is {\"model\": \"gemma-3-27b\", \"gpu\": \"RTX 4090\"}"};
}

std::string id_in(std::string_view text) {
  const auto json = Sorted::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("id")) return "";
  const auto& id = json["id"];
  if (id.is_null() || id.is_structured()) return "";
  return id.dump(-1, ' ', false, Sorted::error_handler_t::replace);
}

std::string name_in(std::string_view text) {
  const auto json = Sorted::parse(text, nullptr, false);
  if (json.is_object() && json.contains("name") && json["name"].is_string())
    return json["name"].get<std::string>();
  constexpr std::string_view key = "\"name\"";
  const auto at = text.find(key);
  if (!json.is_discarded() || at == std::string_view::npos) return "";
  const auto begin = text.find_first_not_of(": ", at + key.size());
  if (begin == std::string_view::npos || text[begin] != '"') return "";
  const auto end = text.find_first_of("\"\\\n", begin + 1);
  if (end == std::string_view::npos || text[end] != '"') return "";
  return std::string(text.substr(begin + 1, end - begin - 1));
}

}  // namespace fitvram::cli
