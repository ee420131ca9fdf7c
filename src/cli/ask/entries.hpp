#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/ask/request.hpp"
#include "fitvram/error.hpp"

namespace fitvram::cli {

/// A catalogue cut into its entries, none of which has been looked at: a list, an object with a
/// list of `entries` (and `defaults` below each of them), or NDJSON.
struct Requests {
  std::vector<RequestText> entries;
  std::optional<RequestText> defaults;
  /// Lines where something is wrong outside the entries: a bracket, a comma, a key.
  std::vector<std::pair<std::size_t, Error>> errors;
};
Requests cut_requests(std::string_view text, const std::string& file);

}  // namespace fitvram::cli
