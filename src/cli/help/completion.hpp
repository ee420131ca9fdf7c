#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/io.hpp"

namespace fitvram::cli {

/// The script that teaches "bash", "zsh" or "fish" the commands and options; empty for any other.
std::string completion_script(std::string_view shell);

/// What may be typed where a row of the flags table says "@gpus", "@models" ..., of that what
/// begins with `begin` or has a word that does. The scripts ask for it, so that names are never
/// out of date. nullopt when there is no such table.
std::optional<std::vector<std::string>> completion_words(Io& io, std::string_view table,
                                                         const std::string& begin);

}  // namespace fitvram::cli
