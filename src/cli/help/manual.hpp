#pragma once
#include <string>

namespace fitvram::cli {

/// The manual page, in roff.
std::string manual();

}  // namespace fitvram::cli
