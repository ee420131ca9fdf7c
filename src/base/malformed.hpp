#pragma once
#include <stdexcept>
#include <string>

#include "base/text.hpp"
#include "fitvram/error.hpp"

namespace fitvram {

/// Thrown inside parsers and lowering, turned into an Error at the edge of each entry point.
/// `where` is the place inside the file; the entry point puts the file's name before it. What is
/// quoted comes from outside: it is made printable here, and nowhere else.
struct Malformed : std::runtime_error {
  Malformed(ErrorCode code_, const std::string& where_, const std::string& message,
            const std::string& hint_ = {})
      : std::runtime_error(printable(message)),
        code(code_),
        where(printable(where_)),
        hint(printable(hint_)) {}

  Error to_error(const std::string& file) const {
    return Error{code, where.empty() ? file : file + ": " + where, what(), hint};
  }

  ErrorCode code;
  std::string where;
  std::string hint;
};

}  // namespace fitvram
