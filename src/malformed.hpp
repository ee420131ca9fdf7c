#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include "fitvram/error.hpp"
#include "text.hpp"

namespace fitvram {

/// Thrown inside parsers and lowering, turned into an Error at the edge of each entry point.
/// `where` is the place inside the file; the entry point puts the file's name before it. What is
/// quoted comes from outside: messages and hints are made printable here, and nowhere else.
struct Malformed : std::runtime_error {
  Malformed(ErrorCode code_, std::string where_, const std::string& message,
            const std::string& hint_ = {})
      : std::runtime_error(printable(message)),
        code(code_),
        where(std::move(where_)),
        hint(printable(hint_)) {}

  Error to_error(const std::string& file) const {
    return Error{code, where.empty() ? file : file + ": " + where, what(), hint};
  }

  ErrorCode code;
  std::string where;
  std::string hint;
};

}  // namespace fitvram
