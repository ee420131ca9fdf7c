#include "cli/help/help.hpp"

#include <sstream>

#include "catch.hpp"
#include "cli/flags/table.hpp"

using namespace fitvram::cli;

TEST_CASE("help fits 80 columns and starts with examples before options") {
  std::string all = help() + short_help() + version();
  for (const auto& command : commands()) {
    const auto text = help(command);
    CHECK(text.find("examples:") < text.find("--format"));
    all += text;
  }
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("help of a command lists exactly the options that it takes") {
  for (const auto& command : commands()) {
    const auto text = help(command);
    for (const auto& flag : flags()) {
      INFO(command.name << " " << flag.names);
      const bool listed = text.find("  " + about_of(flag).substr(0, 16)) != std::string::npos;
      CHECK(listed == takes(command, flag));
    }
  }
}

TEST_CASE("the version names the rules it answers by") {
  CHECK(version().find("(llama.cpp rules v") != std::string::npos);
}
