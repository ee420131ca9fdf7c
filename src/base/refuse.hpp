#pragma once
#include <string>

#include "base/text.hpp"
#include "fitvram/error.hpp"

namespace fitvram {

/// What a runtime answers to a request that it would not run.
inline Error refuse(const std::string& message, const std::string& hint) {
  return Error{ErrorCode::unsupported, "", printable(message), printable(hint)};
}

}  // namespace fitvram
