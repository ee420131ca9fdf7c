#pragma once
#include <string>

#include "fitvram/error.hpp"
#include "text.hpp"

namespace fitvram {

/// What a runtime answers to a request that it would not run.
inline Error refuse(const std::string& message, const std::string& hint) {
  return Error{ErrorCode::unsupported, "", printable(message), printable(hint)};
}

}  // namespace fitvram
