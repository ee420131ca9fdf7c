#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/base/options.hpp"

namespace fitvram::cli {

/// What is wrong with a command line, and what to do.
struct Problem {
  std::string message;
  std::string hint;
};

/// One option, everything there is to say about it: parsing, help, "did you mean", completions, the
/// manual and the environment read this table.
struct Flag {
  std::string_view names;  ///< as in help: "-ctk --cache-type-k"; llama.cpp's short forms included
  std::string_view aliases;  ///< other spellings that work
  std::string_view value;    ///< "TYPE"; empty = a switch
  std::string_view values;   ///< what a shell offers: words, or a table or files: "@gpus", "@files"
  std::string_view group;    ///< heading in help
  std::string_view commands;  ///< initials of the commands that take it: r e s p C k l c
  std::string_view env;       ///< initials of those that read its default from the environment
  std::string_view about;     ///< with the default
  std::optional<Problem> (*set)(Options& options, const std::string& value);
};
std::span<const Flag> flags();

/// "FITVRAM_CTX_SIZE" for --ctx-size; empty where no command reads one.
std::string env_name(const Flag& flag);
/// "--cache-type-k": the last of its names.
std::string_view long_name(const Flag& flag);
/// All spellings, in order.
std::vector<std::string_view> spellings(const Flag& flag);

struct CommandRow {
  Command command;
  std::string_view name;
  char initial;
  std::string_view arguments;  ///< "MODEL..."
  std::string_view about;      ///< lines for `fitvram help COMMAND`
  std::string_view examples;
};
std::span<const CommandRow> commands();
const CommandRow* find_command(std::string_view name);
bool takes(const CommandRow& command, const Flag& flag);
bool reads_environment(const CommandRow& command, const Flag& flag);

/// Words that stand where a command does, and only print.
struct ServiceRow {
  std::string_view name;
  std::string_view arguments;
  std::string_view about;
};
std::span<const ServiceRow> services();

/// What help and manual say of MODEL and of the exit status.
std::string_view words_on_models();
std::string_view words_on_exit_status();

/// Texts of `fitvram help`, of one command, and what a bare `fitvram` says.
std::string help();
std::string help(const CommandRow& command);
std::string short_help();
std::string version();

/// "did you mean 'rank'?", or `otherwise` when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise);

}  // namespace fitvram::cli
