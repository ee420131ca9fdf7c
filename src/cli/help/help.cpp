#include "cli/help/help.hpp"

#include <algorithm>

#include "cli/ask/fields.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/flags/table.hpp"
#include "fitvram/version.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t page = 80;

constexpr std::string_view model_words =
    "MODEL is a GGUF file (any shard of a split one), a config.json, a directory\n"
    "that holds either, a catalogue name such as gemma-3-27b, or - for standard\n"
    "input. Memory sizes are binary: 24, 24G, 24GB and 24GiB all mean 24 GiB.\n";

constexpr std::string_view exit_words =
    "exit status:\n"
    "  0  everything asked for fits, or nothing about fitting was asked\n"
    "  1  something does not fit (rank: nothing does), compare-log: it differs,\n"
    "     check: an entry does not do what it is expected to\n"
    "  2  the command line is wrong\n"
    "  3  an input cannot be read or is not supported\n"
    "estimate --batch: 0 when every request has its line, be it an error.\n";

std::string option_line(const Flag& flag) {
  constexpr std::size_t indent = 31;
  const auto space = flag.names.find(' ');
  std::string left = "  ";
  left += space == std::string_view::npos
              ? "       " + std::string(flag.names)
              : formatted("{:<7}{}", std::string(flag.names.substr(0, space)) + ",",
                          flag.names.substr(space + 1));
  if (!flag.value.empty()) left += " " + std::string(flag.value);
  if (left.size() + 2 > indent)
    left += "\n" + std::string(indent, ' ');
  else
    left += std::string(indent - left.size(), ' ');
  const auto lines = wrapped(about_of(flag), page - indent);
  for (std::size_t i = 0; i < lines.size(); ++i)
    left += (i == 0 ? "" : std::string(indent, ' ')) + lines[i] + "\n";
  return left;
}

std::string environment_of(const CommandRow& command) {
  std::string names;
  for (const auto& flag : flags())
    if (takes(command, flag) && reads_environment(command, flag))
      names += (names.empty() ? "" : ", ") + env_name(flag);
  if (names.empty()) return "";
  std::string out = "\nEnvironment (defaults of the options of these names; options win):\n";
  for (const auto& line : wrapped(names, page - 4)) out += "  " + line + "\n";
  return out;
}

std::string request_keys_of(const CommandRow& command) {
  const bool check = command.command == Command::check;
  if (!check && command.command != Command::estimate) return "";
  std::string names = check ? "name, model, expect" : "id, model, workload";
  for (const auto key : request_keys()) names += ", " + std::string(key);
  std::string out = formatted("\nKeys of {}:\n", check ? "an entry" : "a request (--batch)");
  for (const auto& line : wrapped(names, page - 4)) out += "  " + line + "\n";
  if (check) out += "Keys of expect: verdict, max_bytes, min_ctx, min_safe_ctx.\n";
  return out;
}

std::string options_of(const CommandRow& command) {
  std::vector<std::string_view> groups;
  for (const auto& flag : flags())
    if (takes(command, flag) && std::find(groups.begin(), groups.end(), flag.group) == groups.end())
      groups.push_back(flag.group);
  std::string out;
  for (const auto group : groups) {
    out += formatted("\n{}:\n", group);
    for (const auto& flag : flags())
      if (flag.group == group && takes(command, flag)) out += option_line(flag);
  }
  return out;
}

}  // namespace

std::string_view words_on_models() { return model_words; }
std::string_view words_on_exit_status() { return exit_words; }

std::string version() {
  const auto* runtime = find_runtime("llama.cpp");
  return formatted("fitvram {} (llama.cpp rules {})\n", library_version(),
                   runtime == nullptr ? "" : runtime->version);
}

std::string short_help() {
  return "usage: fitvram COMMAND [MODEL...] [options]\n\n"
         "  fitvram rank --gpu \"RTX 4090\"            which models run on this GPU\n"
         "  fitvram estimate MODEL --gpu \"RTX 4090\"  how much memory one takes\n"
         "  fitvram help                             everything else\n";
}

std::string help() {
  std::string out =
      "usage: fitvram COMMAND [MODEL...] [options]\n\n"
      "Says which language models and contexts fit a GPU: weights, cache, compute\n"
      "buffers and overhead as llama.cpp or another runtime allocates them. Works\n"
      "offline.\n\n"
      "examples:\n"
      "  fitvram rank --gpu \"RTX 4090\"              which models run on this GPU\n"
      "  fitvram estimate model.gguf --gpu 4090 -c 32k -ctk q8_0 -ctv q8_0\n"
      "  fitvram plan gemma-3-27b -c 128k           which GPUs hold it\n"
      "  fitvram rank --vram 12G --json | jq '.results[].model.name'\n\n"
      "commands:\n";
  for (const auto& row : commands())
    out += formatted("  {:<12}{}\n", row.name, row.about.substr(0, row.about.find('\n')));
  for (const auto& row : services()) out += formatted("  {:<12}{}\n", row.name, row.about);
  out += "\n";
  out += model_words;
  out += "\n";
  out += exit_words;
  return out + "\n'fitvram help COMMAND' lists the options of a command.\n";
}

std::string help(const CommandRow& command) {
  std::string out = formatted("usage: fitvram {} {} [options]\n\n{}\n\nexamples:\n{}", command.name,
                              command.arguments, command.about, command.examples);
  if (command.command != Command::list && command.command != Command::compare_log &&
      command.command != Command::check)
    out += "\n" + std::string(model_words);
  return out + options_of(command) + request_keys_of(command) + environment_of(command);
}

}  // namespace fitvram::cli
