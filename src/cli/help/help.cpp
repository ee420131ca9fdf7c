
#include <algorithm>

#include "cli/ask/fields.hpp"
#include "cli/base/formatted.hpp"
#include "cli/flags/table.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

constexpr std::size_t page = 80;

constexpr CommandRow command_table[] = {
    {Command::rank, "rank", 'r', "--gpu NAME [MODEL...]",
     "Which models run on a GPU at this context, in which quantization.\n"
     "Without MODEL, the whole catalogue is ranked, the most parameters first; *\n"
     "marks what needs fewer bits than Q4_K_M; --all adds what does not fit, last.",
     "  fitvram rank --gpu \"RTX 4090\"                what runs on a 24 GB card\n"
     "  fitvram rank --vram 12G -c 32k --fits-only   with 32768 tokens, comfortably\n"
     "  fitvram rank --gpu 4090 --filter qwen --all-quants\n"
     "  fitvram rank --gpu 4090 ~/models --json      your own files, for a script\n"},
    {Command::estimate, "estimate", 'e', "MODEL...",
     "The memory a model takes, part by part, and whether it fits.",
     "  fitvram estimate model-Q4_K_M.gguf --gpu 4090 -c 32k\n"
     "  fitvram estimate gemma-3-27b -q Q4_K_M --vram 24G -ctk q8_0 -ctv q8_0\n"
     "  fitvram estimate ./config.json --explain     every figure with its formula\n"
     "  curl -s URL/config.json | fitvram estimate - -q Q4_K_M\n"
     "  fitvram estimate --batch - --gpu 4090 < requests.ndjson > answers.ndjson\n"},
    {Command::show, "show", 's', "MODEL...",
     "What was read from a model: layers by cache, tensors by role.",
     "  fitvram show model-00001-of-00003.gguf       any shard of a split model\n"
     "  fitvram show gemma-3-27b                     a model of the catalogue\n"},
    {Command::plan, "plan", 'p', "MODEL...",
     "Which GPUs hold a model at this context, the smallest first.",
     "  fitvram plan gemma-3-27b -c 32k\n"
     "  fitvram plan model-Q4_K_M.gguf --filter rtx --fits-only\n"},
    {Command::compare, "compare", 'C', "MODEL...",
     "The same model under every runtime, one line each.\n"
     "All are asked for the same context. A runtime that cannot load the format or\n"
     "the architecture says so; <= marks the upper end of what is only known as a\n"
     "range.",
     "  fitvram compare qwen3-8b --gpu 4090 -c 32k\n"
     "  fitvram compare gemma-3-27b -q AWQ-4 --gpu \"2x 3090\" -tp 2\n"},
    {Command::check, "check", 'k', "CATALOG",
     "Whether the entries of a catalogue do what is expected of them.\n"
     "CATALOG is JSON or NDJSON, or - for standard input. An entry names a model\n"
     "(a file beside the catalogue, a catalogue name, or a config in place of it),\n"
     "what to count with, and what to expect; options say what entries leave out:\n"
     "  {\"model\": \"gemma-3-27b\", \"quant\": \"Q4_K_M\", \"n_ctx\": \"32k\",\n"
     "   \"gpu\": \"RTX 4090\", \"expect\": {\"verdict\": \"tight\", \"min_ctx\": \"64k\"}}\n"
     "Without an expectation a model must run: fits or tight. All entries are\n"
     "reported, broken ones included.",
     "  fitvram check models.json\n"
     "  fitvram check models.json --baseline base.json --write-baseline\n"
     "  fitvram check models.json --baseline base.json --tolerance 1%\n"
     "  fitvram check models.json --format github    annotations in a pull request\n"},
    {Command::list, "list", 'l', "SUBJECT [FILTER]",
     "The tables that fitvram answers from.\n"
     "SUBJECT is gpus, models, runtimes, architectures, cache-types or quants.",
     "  fitvram list gpus 4060\n"
     "  fitvram list models qwen3 --json\n"},
    {Command::compare_log, "compare-log", 'c', "FILE",
     "What a llama.cpp log says was allocated, beside the estimate.\n"
     "FILE is the output of llama-server, llama-cli or another llama.cpp program, or\n"
     "- for standard input. Model and settings are the log's unless options say\n"
     "otherwise.",
     "  llama-server -m model.gguf 2>&1 | tee server.log\n"
     "  fitvram compare-log server.log\n"
     "  fitvram compare-log server.log --model gemma-3-27b -q Q4_K_M\n"},
};

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

constexpr ServiceRow service_table[] = {
    {"help", "[COMMAND]", "What a command does and every option it takes."},
    {"completion", "SHELL", "Completions for bash, zsh or fish, to be sourced or installed."},
    {"man", "", "The manual page: fitvram man | man -l -"},
};

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
  const auto lines = wrapped(std::string(flag.about), page - indent);
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

std::span<const CommandRow> commands() { return command_table; }
std::span<const ServiceRow> services() { return service_table; }
std::string_view words_on_models() { return model_words; }
std::string_view words_on_exit_status() { return exit_words; }

const CommandRow* find_command(std::string_view name) {
  for (const auto& row : command_table)
    if (row.name == name) return &row;
  return nullptr;
}

std::string version() {
  const auto* runtime = find_runtime("llama.cpp");
  return formatted("fitvram {} (llama.cpp rules {})\n", FITVRAM_VERSION,
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
  for (const auto& row : command_table)
    out += formatted("  {:<12}{}\n", row.name, row.about.substr(0, row.about.find('\n')));
  for (const auto& row : service_table) out += formatted("  {:<12}{}\n", row.name, row.about);
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
