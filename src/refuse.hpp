#pragma once
#include <string>
#include <utility>

#include "fitvram/error.hpp"

namespace fitvram {

/// What a runtime answers to a request that it would not run.
inline Error refuse(std::string message, std::string hint) {
  return Error{ErrorCode::unsupported, "", std::move(message), std::move(hint)};
}

}  // namespace fitvram
