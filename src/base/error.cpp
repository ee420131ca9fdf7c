#include "fitvram/error.hpp"

namespace fitvram {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::io:
      return "io";
    case ErrorCode::not_a_model:
      return "not-a-model";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::missing_field:
      return "missing-field";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::unknown_name:
      return "unknown-name";
    case ErrorCode::ambiguous:
      return "ambiguous";
  }
  return "";
}

}  // namespace fitvram
