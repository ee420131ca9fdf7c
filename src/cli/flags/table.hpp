#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/options.hpp"
#include "cli/flags/commands.hpp"
#include "cli/flags/values.hpp"

namespace fitvram::cli {

/// What an option is called in a request.
struct RequestKey {
  std::string_view name;
  int place = 0;         ///< keys are set, and told by help, in this order
  bool negated = false;  ///< true there is the switch left out here
};

/// One option, everything there is to say about it: parsing, help, "did you mean", completions, the
/// manual, the environment and requests read this table.
struct Flag {
  std::string_view names;  ///< as in help: "-ctk --cache-type-k"; llama.cpp's short forms included
  std::string_view aliases = {};  ///< other spellings that work
  std::string_view value = {};    ///< "TYPE"; empty = a switch
  std::string_view values =
      {};                  ///< what a shell offers: words, or a table or files: "@gpus", "@files"
  std::string_view group;  ///< heading in help
  Commands commands;       ///< that take it
  Commands env = {};       ///< of those, which read its default from the environment
  RequestKey key = {};     ///< without a name: no request has it
  std::string_view silences = {};  ///< the option whose variable does not count beside it
  bool must_say = false;  ///< its variable set to nothing is an error, not a variable that is unset
  std::string_view about;  ///< with the default; "@formats" = their names
  Set (*set)(Options& options, const std::string& value);  ///< of a switch: "true" or "false"
};
std::span<const Flag> flags();

/// "FITVRAM_CTX_SIZE" for --ctx-size; empty where no command reads one.
std::string env_name(const Flag& flag);
/// "--cache-type-k": the last of its names.
std::string_view long_name(const Flag& flag);
/// All spellings, in order.
std::vector<std::string_view> spellings(const Flag& flag);
/// What it does, as help says it.
std::string about_of(const Flag& flag);

bool takes(const CommandRow& command, const Flag& flag);
bool reads_environment(const CommandRow& command, const Flag& flag);

}  // namespace fitvram::cli
