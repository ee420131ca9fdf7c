#include "cli/base/formatted.hpp"

namespace fitvram::cli {

std::string format_values(fmt::string_view text, fmt::format_args values) {
  return fmt::vformat(text, values);
}

}  // namespace fitvram::cli
