#include "cli/help/manual.hpp"

#include <algorithm>

#include "cli/base/formatted.hpp"
#include "cli/flags/table.hpp"
#include "cli/help/help.hpp"

namespace fitvram::cli {
namespace {

/// Text as roff takes it literally.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    begins = c == '\n';
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string literal(std::string_view text) {
  return formatted(".PP\n.nf\n{}{}.fi\n", roff(text), text.ends_with('\n') ? "" : "\n");
}

std::string spelt(const Flag& flag) {
  std::string text;
  for (const auto name : spellings(flag))
    text += (text.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  if (!flag.value.empty()) text += " \\fI" + roff(flag.value) + "\\fR";
  return text;
}

std::string takers(const Flag& flag) {
  std::string names;
  for (const auto& command : commands())
    if (takes(command, flag)) names += (names.empty() ? "" : ", ") + std::string(command.name);
  return names;
}

std::string options() {
  std::vector<std::string_view> groups;
  for (const auto& flag : flags())
    if (std::find(groups.begin(), groups.end(), flag.group) == groups.end())
      groups.push_back(flag.group);
  std::string out = ".SH OPTIONS\nThe commands that take an option stand in brackets.\n";
  for (const auto group : groups) {
    out += formatted(".SS {}\n", roff(group));
    for (const auto& flag : flags())
      if (flag.group == group)
        out +=
            formatted(".TP\n{}\n{}\n[{}]\n", spelt(flag), roff(about_of(flag)), roff(takers(flag)));
  }
  return out;
}

std::string environment() {
  std::string out =
      ".SH ENVIRONMENT\nDefaults of options; what the command line says counts instead.\n";
  for (const auto& flag : flags())
    if (!flag.env.empty())
      out += formatted(".TP\n.B {}\n{}\n", env_name(flag), roff(long_name(flag)));
  return out + ".TP\n.B NO_COLOR\nWhen it is not empty, tables have no colours.\n";
}

}  // namespace

std::string manual() {
  std::string out = "'\\\" t\n.\\\" Written by 'fitvram man'.\n";
  auto title = version();
  title = title.substr(0, title.find(" ("));
  out += formatted(".TH FITVRAM 1 \"\" \"{}\" \"User Commands\"\n", roff(title));
  out +=
      ".SH NAME\nfitvram \\- which language models and contexts fit a GPU\n.SH SYNOPSIS\n"
      ".B fitvram\n\\fICOMMAND\\fR [\\fIMODEL\\fR...] [\\fIoptions\\fR]\n.SH DESCRIPTION\n"
      "Says which language models and contexts fit a GPU: weights, cache, compute buffers and\n"
      "overhead as llama.cpp allocates them. Works offline.\n.PP\n";
  out += roff(words_on_models());
  out += ".SH COMMANDS\n";
  for (const auto& row : commands()) {
    out += formatted(".SS fitvram {} {}\n", roff(row.name), roff(row.arguments));
    out += literal(row.about) + literal(row.examples);
  }
  for (const auto& row : services())
    out += formatted(".SS fitvram {} {}\n{}\n", row.name, roff(row.arguments), roff(row.about));
  out += options() + environment();
  out += ".SH EXIT STATUS\n" +
         literal(words_on_exit_status().substr(words_on_exit_status().find('\n') + 1));
  return out;
}

}  // namespace fitvram::cli
