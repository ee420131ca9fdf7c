#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/ask/fields.hpp"
#include "fitvram/error.hpp"
#include "fitvram/fit.hpp"

namespace fitvram::cli {

/// What an entry of a catalogue promises; nothing = that it runs at all.
struct Expectation {
  std::optional<Verdict> verdict;             ///< fits; tight: that or fits; no: that it does not
  std::optional<Bytes> max_bytes;             ///< of the device
  std::optional<std::uint64_t> min_ctx;       ///< the largest context that runs
  std::optional<std::uint64_t> min_safe_ctx;  ///< the largest that fits
};

/// One question in JSON: a line of `estimate --batch`, an entry of `check`.
struct Request {
  std::size_t line = 0;
  std::string id;      ///< JSON text that the answer repeats; empty = none
  std::string name;    ///< for people and baselines; empty = none given
  std::string model;   ///< file, directory or catalogue name
  std::string config;  ///< in place of it: the JSON text of a config.json
  std::vector<RequestField> fields;
  std::optional<Expectation> expect;
};

/// JSON text of one request, and the line it starts on.
struct RequestText {
  std::string_view text;
  std::size_t line = 1;
};

/// Reads a request; errors stand at "FILE:LINE" and a JSON pointer. Only the entries of a
/// catalogue may say what is expected.
Result<Request> parse_request(const RequestText& text, const std::string& file, bool of_catalog);

/// Where text that is not JSON stops being JSON: its first wrong byte, counted from 1; 0 = nowhere.
Error not_json(const RequestText& text, const std::string& file, std::size_t byte);

/// What can still be read of a request that cannot be answered: its id as JSON text, its name.
std::string id_in(std::string_view text);
std::string name_in(std::string_view text);

}  // namespace fitvram::cli
