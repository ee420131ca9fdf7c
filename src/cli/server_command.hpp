#pragma once
#include <string>

#include "cli/report.hpp"

namespace fitvram::cli {

/// A llama-server line that allocates what the row says; flags at llama-server's defaults are left
/// out.
std::string server_command(const Row& row);

/// `word` as a POSIX shell reads it back.
std::string shell_quoted(const std::string& word);

}  // namespace fitvram::cli
