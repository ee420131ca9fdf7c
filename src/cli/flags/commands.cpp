#include "cli/flags/commands.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace fitvram::cli {
namespace {

constexpr CommandRow command_table[] = {
    {.command = Command::rank,
     .name = "rank",
     .arguments = "--gpu NAME [MODEL...]",
     .about = "Which models run on a GPU at this context, in which quantization.\n"
              "Without MODEL, the whole catalogue is ranked, the most parameters first; *\n"
              "marks what needs fewer bits than Q4_K_M; --all adds what does not fit, last.",
     .examples = "  fitvram rank --gpu \"RTX 4090\"                what runs on a 24 GB card\n"
                 "  fitvram rank --vram 12G -c 32k --fits-only   with 32768 tokens, comfortably\n"
                 "  fitvram rank --gpu 4090 --filter qwen --all-quants\n"
                 "  fitvram rank --gpu 4090 ~/models --json      your own files, for a script\n"},
    {.command = Command::estimate,
     .name = "estimate",
     .arguments = "MODEL...",
     .about = "The memory a model takes, part by part, and whether it fits.",
     .examples = "  fitvram estimate model-Q4_K_M.gguf --gpu 4090 -c 32k\n"
                 "  fitvram estimate gemma-3-27b -q Q4_K_M --vram 24G -ctk q8_0 -ctv q8_0\n"
                 "  fitvram estimate ./config.json --explain     every figure with its formula\n"
                 "  curl -s URL/config.json | fitvram estimate - -q Q4_K_M\n"
                 "  fitvram estimate --batch - --gpu 4090 < requests.ndjson > answers.ndjson\n"},
    {.command = Command::show,
     .name = "show",
     .arguments = "MODEL...",
     .about = "What was read from a model: layers by cache, tensors by role.",
     .examples = "  fitvram show model-00001-of-00003.gguf       any shard of a split model\n"
                 "  fitvram show gemma-3-27b                     a model of the catalogue\n"},
    {.command = Command::plan,
     .name = "plan",
     .arguments = "MODEL...",
     .about = "Which GPUs hold a model at this context, the smallest first.",
     .examples = "  fitvram plan gemma-3-27b -c 32k\n"
                 "  fitvram plan model-Q4_K_M.gguf --filter rtx --fits-only\n"},
    {.command = Command::compare,
     .name = "compare",
     .arguments = "MODEL...",
     .about = "The same model under every runtime, one line each.\n"
              "All are asked for the same context. A runtime that cannot load the format or\n"
              "the architecture says so; <= marks the upper end of what is only known as a\n"
              "range.",
     .examples = "  fitvram compare qwen3-8b --gpu 4090 -c 32k\n"
                 "  fitvram compare gemma-3-27b -q AWQ-4 --gpu \"2x 3090\" -tp 2\n"},
    {.command = Command::check,
     .name = "check",
     .arguments = "CATALOG",
     .about =
         "Whether the entries of a catalogue do what is expected of them.\n"
         "CATALOG is JSON or NDJSON, or - for standard input. An entry names a model\n"
         "(a file beside the catalogue, a catalogue name, or a config in place of it),\n"
         "what to count with, and what to expect; options say what entries leave out:\n"
         "  {\"model\": \"gemma-3-27b\", \"quant\": \"Q4_K_M\", \"n_ctx\": \"32k\",\n"
         "   \"gpu\": \"RTX 4090\", \"expect\": {\"verdict\": \"tight\", \"min_ctx\": \"64k\"}}\n"
         "Without an expectation a model must run: fits or tight. All entries are\n"
         "reported, broken ones included.",
     .examples = "  fitvram check models.json\n"
                 "  fitvram check models.json --baseline base.json --write-baseline\n"
                 "  fitvram check models.json --baseline base.json --tolerance 1%\n"
                 "  fitvram check models.json --format github    annotations in a pull request\n"},
    {.command = Command::list,
     .name = "list",
     .arguments = "SUBJECT [FILTER]",
     .about = "The tables that fitvram answers from.\n"
              "SUBJECT is gpus, models, runtimes, architectures, cache-types or quants.",
     .examples = "  fitvram list gpus 4060\n"
                 "  fitvram list models qwen3 --json\n"},
    {.command = Command::compare_log,
     .name = "compare-log",
     .arguments = "FILE",
     .about = "What a llama.cpp log says was allocated, beside the estimate.\n"
              "FILE is the output of llama-server, llama-cli or another llama.cpp program, or\n"
              "- for standard input. Model and settings are the log's unless options say\n"
              "otherwise.",
     .examples = "  llama-server -m model.gguf 2>&1 | tee server.log\n"
                 "  fitvram compare-log server.log\n"
                 "  fitvram compare-log server.log --model gemma-3-27b -q Q4_K_M\n"},
};

constexpr ServiceRow service_table[] = {
    {"help", "[COMMAND]", "What a command does and every option it takes."},
    {"completion", "SHELL", "Completions for bash, zsh or fish, to be sourced or installed."},
    {"man", "", "The manual page: fitvram man | man -l -"},
};

constexpr std::string_view subject_table[] = {"gpus",          "models",      "runtimes",
                                              "architectures", "cache-types", "quants"};

}  // namespace

std::span<const CommandRow> commands() { return command_table; }
std::span<const ServiceRow> services() { return service_table; }
const CommandRow* find_command(std::string_view name) {
  for (const auto& row : command_table)
    if (row.name == name) return &row;
  return nullptr;
}

std::span<const std::string_view> subjects() { return subject_table; }

std::string_view name_of(Subject subject) {
  return subject_table[static_cast<std::size_t>(subject)];
}

std::optional<Subject> find_subject(std::string_view name) {
  const auto* const at = std::ranges::find(subject_table, lower_case(name));
  if (at == std::end(subject_table)) return std::nullopt;
  return static_cast<Subject>(at - subject_table);
}

}  // namespace fitvram::cli
