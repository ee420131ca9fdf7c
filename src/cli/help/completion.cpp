#include "cli/help/completion.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/base/report.hpp"
#include "cli/flags/table.hpp"
#include "cli/show/formats.hpp"

namespace fitvram::cli {
namespace {

using Words = std::vector<std::string>;

template <typename Rows>
Words words_of(const Rows& rows) {
  const auto names = names_of(rows);
  return {names.begin(), names.end()};
}

std::string tail(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

/// Names without their organisation, where that is enough.
Words model_names(const std::vector<CatalogEntry>& catalog) {
  std::map<std::string, int> tails;
  for (const auto& entry : catalog) ++tails[lower_case(tail(entry.name))];
  Words words;
  for (const auto& entry : catalog)
    words.push_back(tails[lower_case(tail(entry.name))] == 1 ? tail(entry.name) : entry.name);
  return words;
}

Words cache_types() {
  Words words;
  for (const auto& type : tensor_types())
    if (type.cache) words.push_back(cache_type_name(&type));
  return words;
}

Options with_files(const Io& io) {
  Options options;
  if (const auto file = io.env("FITVRAM_CATALOG")) options.catalogs.push_back(*file);
  if (const auto file = io.env("FITVRAM_GPUS")) options.gpu_files.push_back(*file);
  return options;
}

std::optional<Words> table_words(Io& io, std::string_view table) {
  if (table == "gpus") {
    const auto cards = load_gpus(io, with_files(io));
    Words words;
    if (cards)
      for (const auto& card : *cards) words.push_back(card.display);
    return words;
  }
  if (table == "models") {
    const auto catalog = load_catalog(io, with_files(io));
    return catalog ? model_names(*catalog) : Words{};
  }
  if (table == "quants") return words_of(schemes());
  if (table == "runtimes") return words_of(runtimes());
  if (table == "backends") return words_of(backends());
  if (table == "cache-types") return cache_types();
  return std::nullopt;
}

bool begins_word(const std::string& text, const std::string& begin) {
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1))
    if (at == 0 || text[at - 1] == ' ' || text[at - 1] == '-') return true;
  return false;
}

/// What `completion` takes.
constexpr std::string_view shells = "bash zsh fish";

std::string spaced(std::span<const std::string_view> names) {
  std::string words;
  for (const auto name : names) words += (words.empty() ? "" : " ") + std::string(name);
  return words;
}

std::string command_names() { return spaced(names_of(commands())); }

std::string first_words() {
  std::string words = command_names();
  for (const auto& row : services()) words += " " + std::string(row.name);
  return words;
}

std::string formats_of(const CommandRow& command) {
  std::string words;
  for (const auto& format : formats())
    if (!format.only_check || command.command == Command::check)
      words += (words.empty() ? "" : " ") + std::string(format.name);
  return words;
}

/// The flag's words, a table of the program ("@gpus"), "@files" or nothing.
std::string values_of(const CommandRow& command, const Flag& flag) {
  return flag.values == "@formats" ? formats_of(command) : std::string(flag.values);
}

/// What stands after the options: "@models", "@files", or words.
std::string operands_of(const CommandRow& command) {
  switch (command.command) {
    case Command::list:
      return spaced(subjects());
    case Command::check:
    case Command::compare_log:
      return "@files";
    case Command::rank:
    case Command::estimate:
    case Command::show:
    case Command::compare:
    case Command::plan:
      break;
  }
  return "@models";
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string bash_action(const std::string& values) {
  if (values == "@models") return "_fitvram_models";
  if (values == "@files") return "_fitvram_files";
  if (values.starts_with('@')) return "_fitvram_table " + values.substr(1);
  return "_fitvram_words \"" + values + "\"";
}

std::string bash() {
  std::string out = R"(# Completions of fitvram for bash, written by 'fitvram completion bash'.
# shellcheck shell=bash
_fitvram_words() {
  local word
  for word in $1; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

_fitvram_files() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
  compopt -o filenames 2>/dev/null
}

_fitvram_table() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <("$program" completion "$1" "$cur" 2>/dev/null)
  compopt -o filenames 2>/dev/null
}

_fitvram_models() {
  _fitvram_files
  _fitvram_table models
}

_fitvram() {
  local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
  cur=${cur#[\"\']}
  cur=${cur//\\/}
  if ((COMP_CWORD == 1)); then
)";
  out += formatted("    _fitvram_words \"{} --help --version\"\n", first_words());
  out += R"(    return
  fi
  case "${COMP_WORDS[1]} $prev" in
)";
  for (const auto& flag : flags()) {
    if (flag.value.empty()) continue;
    for (const auto& command : commands()) {
      if (!takes(command, flag)) continue;
      std::string patterns;
      for (const auto name : spellings(flag))
        patterns += formatted("{}\"{} {}\"", patterns.empty() ? "" : " | ", command.name, name);
      const auto values = values_of(command, flag);
      out += formatted("    {}) {}return ;;\n", patterns,
                       values.empty() ? "" : bash_action(values) + "; ");
    }
  }
  out += "  esac\n  case ${COMP_WORDS[1]} in\n";
  for (const auto& command : commands()) {
    std::string names;
    for (const auto& flag : flags())
      if (takes(command, flag))
        for (const auto name : spellings(flag)) names += std::string(name) + " ";
    out += formatted(
        "    {})\n      if [[ $cur == -* ]]; then _fitvram_words \"{}--help\"\n"
        "      else {}; fi ;;\n",
        command.name, names, bash_action(operands_of(command)));
  }
  out += formatted("    help) _fitvram_words \"{}\" ;;\n", command_names());
  out += formatted("    completion) _fitvram_words \"{}\" ;;\n", shells);
  return out + "  esac\n}\n\ncomplete -F _fitvram fitvram\n";
}

/// Inside '...' of zsh's _arguments, where brackets and colons mean something.
std::string zsh_text(std::string text) {
  text = replaced(text, "'", "'\\''");
  for (const char* const special : {"[", "]", ":"})
    text = replaced(text, special, std::string("\\") + special);
  return text;
}

std::string zsh_action(const std::string& values) {
  if (values.empty()) return " ";
  if (values == "@models") return "_fitvram_models";
  if (values == "@files") return "_files";
  if (values.starts_with('@')) return "{_fitvram_table " + values.substr(1) + "}";
  return "(" + values + ")";
}

std::string zsh_option(const CommandRow& command, const Flag& flag) {
  const auto names = spellings(flag);
  std::string left;
  for (const auto name : names) left += (left.empty() ? "" : ",") + std::string(name);
  std::string right = formatted("[{}]", zsh_text(about_of(flag)));
  if (!flag.value.empty())
    right += formatted(":{}:{}", zsh_text(std::string(flag.value)),
                       zsh_action(values_of(command, flag)));
  if (names.size() == 1) return formatted("'*{}{}'", left, right);
  return formatted("'*'{{{}}}'{}'", left, right);
}

std::string zsh() {
  std::string out = R"(#compdef fitvram
# Completions of fitvram for zsh, written by 'fitvram completion zsh'.
_fitvram_table() {
  local -a names
  names=("${(@f)$(_call_program "$1" ${program} completion "$1" 2>/dev/null)}")
  compadd -M 'm:{a-zA-Z}={A-Za-z} l:|=* r:|=*' -a names
}

_fitvram_models() {
  _fitvram_table models
  _files
}

_fitvram() {
  local program=${words[1]}
  local -a commands
  commands=(
)";
  for (const auto& row : commands())
    out += formatted("    '{}:{}'\n", row.name, zsh_text(first_line(row.about)));
  for (const auto& row : services())
    out += formatted("    '{}:{}'\n", row.name, zsh_text(std::string(row.about)));
  out += R"(  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case ${words[1]} in
)";
  for (const auto& command : commands()) {
    out += formatted("    {})\n      _arguments \\\n", command.name);
    for (const auto& flag : flags())
      if (takes(command, flag)) out += "        " + zsh_option(command, flag) + " \\\n";
    const bool first = command.command == Command::list;
    out += formatted("        '{}:{}:{}' ;;\n", first ? "1" : "*",
                     lower_case(command.arguments.substr(0, command.arguments.find_first_of(" ."))),
                     zsh_action(operands_of(command)));
  }
  out += formatted("    help) compadd {} ;;\n", command_names());
  out += formatted("    completion) compadd {} ;;\n", shells);
  return out + "  esac\n}\n\ncompdef _fitvram fitvram\n";
}

std::string fish_text(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_action(const std::string& values) {
  if (values.empty()) return " -x";
  if (values == "@files") return " -r -F";
  if (values == "@models") return " -r -F -a '(__fitvram_table models)'";
  if (values.starts_with('@')) return " -x -a '(__fitvram_table " + values.substr(1) + ")'";
  return " -x -a '" + values + "'";
}

std::string fish_names(const Flag& flag) {
  std::string text;
  for (const auto name : spellings(flag))
    if (name.starts_with("--"))
      text += " -l " + std::string(name.substr(2));
    else
      text += (name.size() == 2 ? " -s " : " -o ") + std::string(name.substr(1));
  return text;
}

std::string fish() {
  std::string out = R"(# Completions of fitvram for fish, written by 'fitvram completion fish'.
function __fitvram_table
    set -l words (commandline -opc)
    $words[1] completion $argv[1] 2>/dev/null
end

function __fitvram_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

function __fitvram_first
    test (count (commandline -opc)) -eq 1
end

complete -c fitvram -f
)";
  const auto first = [&](std::string_view name, const std::string& about) {
    out +=
        formatted("complete -c fitvram -n __fitvram_first -a {} -d {}\n", name, fish_text(about));
  };
  for (const auto& row : commands()) first(row.name, first_line(row.about));
  for (const auto& row : services()) first(row.name, std::string(row.about));
  for (const auto& flag : flags())
    for (const auto& command : commands()) {
      if (!takes(command, flag)) continue;
      out += formatted("complete -c fitvram -n '__fitvram_command {}'{}{} -d {}\n", command.name,
                       fish_names(flag),
                       flag.value.empty() ? "" : fish_action(values_of(command, flag)),
                       fish_text(about_of(flag)));
    }
  for (const auto& command : commands())
    out += formatted("complete -c fitvram -n '__fitvram_command {}'{}\n", command.name,
                     replaced(replaced(fish_action(operands_of(command)), " -r", ""), " -x", ""));
  out += formatted("complete -c fitvram -n '__fitvram_command help' -a '{}'\n", command_names());
  return out + formatted("complete -c fitvram -n '__fitvram_command completion' -a '{}'\n", shells);
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  return "";
}

std::optional<Words> completion_words(Io& io, std::string_view table, const std::string& begin) {
  auto words = table_words(io, table);
  if (!words) return words;
  std::erase_if(
      *words, [&](const auto& word) { return !begins_word(lower_case(word), lower_case(begin)); });
  std::sort(words->begin(), words->end());
  return words;
}

}  // namespace fitvram::cli
