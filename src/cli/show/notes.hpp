#pragma once
#include <string>

#include "cli/base/report.hpp"

namespace fitvram::cli {

// Lines for standard error.

/// "fitvram: warning: gemma3: ...".
std::string render_notes(const Report& report);
/// "fitvram: error: where: message", and "  hint: ..." where there is one.
std::string render_error(const Error& error);

}  // namespace fitvram::cli
