#pragma once
#include <string>
#include <string_view>

#include "cli/flags/commands.hpp"

namespace fitvram::cli {

/// Texts of `fitvram help`, of one command, and what a bare `fitvram` says.
std::string help();
std::string help(const CommandRow& command);
std::string short_help();
/// What --version prints.
std::string version();

/// What help and manual say of MODEL and of the exit status.
std::string_view words_on_models();
std::string_view words_on_exit_status();

}  // namespace fitvram::cli
