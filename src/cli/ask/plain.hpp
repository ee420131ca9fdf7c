#pragma once
#include <optional>
#include <string_view>

#include "cli/ask/request.hpp"

namespace fitvram::cli {

/// The request that a plain line is: one flat object of known keys, each there once, with printable
/// ASCII without escapes, whole numbers, true and false. What parse_request makes of such a line,
/// ten times as fast. Nothing: parse_request has to look closer, and says what is wrong.
std::optional<Request> plain_request(const RequestText& text);

}  // namespace fitvram::cli
