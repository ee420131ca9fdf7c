#include "cli/app.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.hpp"
#include "cli/answer/answer.hpp"
#include "cli/answer/batch.hpp"
#include "cli/base/io.hpp"
#include "cli/base/prose.hpp"
#include "cli/flags/table.hpp"
#include "cli/help/completion.hpp"
#include "cli/help/help.hpp"
#include "cli/help/manual.hpp"
#include "cli/show/formats.hpp"
#include "cli/show/notes.hpp"

namespace fitvram::cli {
namespace {

/// Thrown between here and run(): the command line is wrong.
struct Usage {
  Problem problem;
};

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Usage{{std::move(message), std::move(hint)}};
}

using Words = std::vector<std::string>;

/// llama.cpp's single-dash multi-letter options, which CLI11 would read as bundled letters.
void rewrite_short_options(Words& args) {
  for (auto& arg : args) {
    if (arg == "--") return;
    for (const auto& flag : flags()) {
      const auto first = flag.names.substr(0, flag.names.find(' '));
      if (arg == first && first.size() > 2 && first[1] != '-') arg = long_name(flag);
    }
  }
}

std::string takers(const Flag& flag) {
  std::string names;
  for (const auto& row : commands())
    if (takes(row, flag)) names += (names.empty() ? "" : " and ") + std::string(row.name);
  return names;
}

[[noreturn]] void refuse_option(const CommandRow& command, std::string option) {
  option = option.substr(0, option.find('='));
  std::vector<std::string_view> known;
  for (const auto& flag : flags()) {
    const auto names = spellings(flag);
    if (takes(command, flag)) {
      known.insert(known.end(), names.begin(), names.end());
    } else if (std::find(names.begin(), names.end(), option) != names.end()) {
      refuse("'" + std::string(command.name) + "' has no option '" + option + "'",
             "it belongs to " + takers(flag));
    }
  }
  refuse("unknown option '" + option + "'",
         did_you_mean(option, known,
                      "'fitvram help " + std::string(command.name) + "' lists the options"));
}

std::string cli11_names(const Flag& flag) {
  std::string names;
  for (const auto name : spellings(flag))
    if (name.size() == 2 || name.starts_with("--"))
      names += (names.empty() ? "" : ",") + std::string(name);
  return names;
}

struct Parsed {
  Words words;
  std::vector<std::pair<const Flag*, Words>> values;  ///< in the table's order
};

Parsed parse(const CommandRow& command, Words args) {
  rewrite_short_options(args);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Parsed parsed;
  std::vector<std::pair<const Flag*, CLI::Option*>> options;
  for (const auto& flag : flags()) {
    if (!takes(command, flag)) continue;
    auto* option = flag.value.empty() ? app.add_flag(cli11_names(flag))
                                      : app.add_option(cli11_names(flag))->expected(1)->take_all();
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.emplace_back(&flag, option);
  }
  try {
    std::reverse(args.begin(), args.end());
    app.parse(args);
  } catch (const CLI::ParseError& error) {
    const std::string what = error.what();
    const auto name = what.substr(0, what.find(':'));
    refuse(name.starts_with("-") ? "option '" + name + "' needs a value" : what);
  }
  bool only_words = false;
  for (const auto& word : app.remaining()) {
    if (word == "--" && !only_words)
      only_words = true;
    else if (word.starts_with('-') && word != "-" && !only_words)
      refuse_option(command, word);
    else
      parsed.words.push_back(word);
  }
  for (const auto& [flag, option] : options)
    if (option->count() > 0) parsed.values.emplace_back(flag, option->results());
  return parsed;
}

void read_environment(const Io& io, const CommandRow& command, const Parsed& parsed,
                      Options& options) {
  for (const auto& flag : flags()) {
    if (!reads_environment(command, flag)) continue;
    const auto name = env_name(flag);
    const auto set = io.env(name);
    const auto given = [&](const auto& other) {
      return long_name(*other.first) == long_name(flag) || other.first->silences == long_name(flag);
    };
    if (!set || std::any_of(parsed.values.begin(), parsed.values.end(), given)) continue;
    if (set->empty() && !flag.must_say) continue;
    if (set->empty())
      refuse("environment variable " + name + " is set to nothing", "unset " + name);
    if (const auto problem = flag.set(options, *set))
      refuse("environment variable " + name + ": " + problem->message, problem->hint);
  }
}

Options options_of(const Io& io, const CommandRow& command, const Words& args) {
  Options options;
  options.command = command.command;
  options.runtime = find_runtime("llama.cpp");
  auto parsed = parse(command, args);
  read_environment(io, command, parsed, options);
  for (const auto& [flag, values] : parsed.values)
    for (const auto& value : values) {
      const std::string name(long_name(*flag));
      if (flag->value.empty() && value != "true") refuse("option '" + name + "' takes no value");
      if (!flag->value.empty() && value.starts_with("--"))
        refuse("option '" + name + "' needs a value", "'" + value + "' follows it");
      if (const auto problem = flag->set(options, value))
        refuse("option '" + name + "': " + problem->message, problem->hint);
      options.given.emplace_back(flag->names, value);
    }
  if (command.command == Command::list) {
    if (parsed.words.empty()) refuse("list of what?", one_of(subjects()));
    const auto subject = find_subject(parsed.words.front());
    if (!subject)
      refuse("there is no list of '" + parsed.words.front() + "'",
             did_you_mean(parsed.words.front(), subjects(), one_of(subjects())));
    options.subject = *subject;
    for (std::size_t i = 1; i < parsed.words.size(); ++i)
      options.filter += (i == 1 ? "" : " ") + parsed.words[i];
    return options;
  }
  if (command.command == Command::compare_log) {
    if (parsed.words.size() != 1)
      refuse("compare-log takes one FILE", "a log of llama-server or llama-cli, or - for a pipe");
    options.log = parsed.words.front();
    return options;
  }
  if (command.command == Command::check) {
    if (parsed.words.size() != 1)
      refuse("check takes one CATALOG", "a JSON or NDJSON file, or - for standard input");
    if (options.baseline.empty() && options.write_baseline)
      refuse("option '--write-baseline' needs a file", "--baseline FILE");
    options.checks = parsed.words.front();
    return options;
  }
  options.models = std::move(parsed.words);
  if (!options.batch.empty()) {
    if (!options.models.empty())
      refuse("option '--batch' takes no MODEL",
             "each request names its own: {\"model\": \"" + options.models.front() + "\"}");
    if (options.format != "table" && options.format != "ndjson")
      refuse("option '--batch' answers in NDJSON", "leave --format " + options.format + " out");
    if (options.all_quants)
      refuse("option '--batch' answers each request in one line", "leave --all-quants out");
    return options;
  }
  if (command.command == Command::rank) {
    if (options.gpu.empty() && !options.vram)
      refuse("rank needs a GPU",
             "--gpu \"RTX 4090\" or --vram 24G; 'fitvram list gpus' names the known ones");
  } else if (options.models.empty() && !options.params) {
    refuse(std::string(command.name) + " needs a MODEL",
           "a GGUF file, a config.json, a directory, or a name from 'fitvram list models'");
  }
  return options;
}

const CommandRow& command_of(const std::string& word) {
  if (const auto* row = find_command(word)) return *row;
  auto names = names_of(commands());
  names.push_back("help");
  const auto known = one_of(names);
  for (const auto& row : services())
    if (row.name != "help") names.push_back(row.name);
  if (word.starts_with('-'))
    refuse("the command comes first, not '" + word + "'", "fitvram COMMAND [MODEL...] [options]");
  if (lower_case(word).ends_with(".gguf") || word.find('/') != std::string::npos)
    refuse("unknown command '" + word + "'", "fitvram estimate " + word);
  refuse("unknown command '" + word + "'", did_you_mean(word, names, known));
}

Style style_of(const Io& io, const Options& options) {
  Style style;
  switch (options.color) {
    case Color::always:
      style.color = true;
      break;
    case Color::never:
      break;
    case Color::automatic:
      style.color = io.out_is_terminal() && io.env("NO_COLOR").value_or("").empty() &&
                    io.env("TERM").value_or("") != "dumb";
      break;
  }
  if (io.width() != 0) style.width = std::clamp<std::size_t>(io.width(), 60, 120);
  return style;
}

ExitCode print(Io& io, const std::string& text, ExitCode code) {
  const auto error = io.write_out(text);
  if (!error) return code;
  io.write_err(render_error(*error));
  return ExitCode::bad_input;
}

bool contains(const Words& args, std::string_view a, std::string_view b) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end, [&](const auto& arg) { return arg == a || arg == b; });
}

ExitCode run_command(Io& io, const Options& options) {
  if (!options.batch.empty()) return run_batch(io, options);
  const auto report = answer(io, options);
  if (!report) {
    io.write_err(render_error(report.error()));
    const auto code = report.error().code;
    return code == ErrorCode::unknown_name || code == ErrorCode::ambiguous ? ExitCode::usage
                                                                           : ExitCode::bad_input;
  }
  const auto* format = find_format(options.format);
  ExitCode code = fits(*report) ? ExitCode::ok : ExitCode::does_not_fit;
  if (!answers_all(*report)) code = ExitCode::bad_input;
  code = print(io, format->render(*report, style_of(io, options)), code);
  if (!format->carries_notes) io.write_err(render_notes(*report));
  for (const auto& error : report->errors) io.write_err(render_error(error));
  return code;
}

ExitCode run_completion(Io& io, const Words& args) {
  const std::string what = args.size() < 2 ? "" : args[1];
  const auto script = completion_script(what);
  if (!script.empty()) return print(io, script, ExitCode::ok);
  const auto words = completion_words(io, what, args.size() < 3 ? "" : args[2]);
  if (!words) refuse("completion for which shell?", "bash, zsh or fish");
  std::string lines;
  for (const auto& word : *words) lines += word + "\n";
  return print(io, lines, ExitCode::ok);
}

ExitCode run_checked(Io& io) {
  auto args = io.args();
  if (args.empty()) {
    io.write_err(short_help());
    return ExitCode::usage;
  }
  if (contains(args, "--version", "-V")) return print(io, version(), ExitCode::ok);
  if (args.front() == "--help" || args.front() == "-h") return print(io, help(), ExitCode::ok);
  if (args.front() == "help") {
    if (args.size() == 1) return print(io, help(), ExitCode::ok);
    return print(io, help(command_of(args[1])), ExitCode::ok);
  }
  if (args.front() == "man") return print(io, manual(), ExitCode::ok);
  if (args.front() == "completion") return run_completion(io, args);
  const auto& command = command_of(args.front());
  args.erase(args.begin());
  if (contains(args, "--help", "-h")) return print(io, help(command), ExitCode::ok);
  return run_command(io, options_of(io, command, args));
}

}  // namespace

ExitCode run(Io& io) {
  try {
    return run_checked(io);
  } catch (const Usage& usage) {
    io.write_err(
        render_error({ErrorCode::unknown_name, "", usage.problem.message, usage.problem.hint}));
    return ExitCode::usage;
  } catch (const std::exception& error) {
    io.write_err(render_error({ErrorCode::limit, "", error.what(), ""}));
    return ExitCode::bad_input;
  }
}

}  // namespace fitvram::cli
