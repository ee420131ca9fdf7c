// The rules of .github/CONTRIBUTING.md that a machine can check by reading the sources.
#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support/source_tree.hpp"

using namespace fitvram::test;

namespace {

// A file is as long as its noun needs; beyond this it holds more than one.
constexpr std::size_t most_lines = 900;

std::vector<SourceFile> pages() {
  return {source_file("README.md"), source_file(".github/CONTRIBUTING.md")};
}

std::vector<SourceFile> all_text() {
  auto files = product_sources();
  for (auto& file : files_below("tests", {".hpp", ".cpp", ".cmake", ".txt", ".sh", ".awk"})) {
    if (file.path.starts_with("tests/data/")) continue;
    files.push_back(std::move(file));
  }
  for (auto& file : files_below("scripts", {"", ".sh", ".cmake"})) files.push_back(std::move(file));
  for (auto& file : files_below(".ci", {""})) files.push_back(std::move(file));
  for (auto& page : pages()) files.push_back(std::move(page));
  return files;
}

// What a page puts between backticks and is a place in this repository; "NAME" stands for any.
std::vector<std::string> places_in(const SourceFile& page) {
  std::vector<std::string> places;
  for (const auto& line : page.lines)
    for (std::size_t at = line.find('`'); at != std::string::npos; at = line.find('`', at + 1)) {
      const auto end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      const auto word = line.substr(at + 1, end - at - 1);
      at = end;
      const bool place = std::ranges::any_of(
          std::vector<std::string>{"data/", "include/", "scripts/", "src/", "tests/"},
          [&](const auto& top) { return word.starts_with(top); });
      if (place && word.find("NAME") == std::string::npos)
        places.push_back(word.substr(0, word.find(' ')));
    }
  return places;
}

}  // namespace

TEST_CASE("sources are plain ASCII without tabs or trailing blanks") {
  for (const auto& file : all_text()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      INFO(file.path << ":" << i + 1 << ": " << line);
      CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
      CHECK_FALSE(line.ends_with(' '));
    }
    INFO(file.path << " ends with a newline");
    CHECK(file.text.ends_with('\n'));
  }
}

TEST_CASE("no file holds more than one noun") {
  for (const auto& file : product_sources()) {
    INFO(file.path << " has " << file.lines.size() << " lines");
    CHECK(file.lines.size() <= most_lines);
  }
}

TEST_CASE("headers are guarded by pragma once on the first line") {
  for (const auto& file : all_text()) {
    if (!file.path.ends_with(".hpp")) continue;
    INFO(file.path);
    CHECK(file.lines.front() == "#pragma once");
  }
}

TEST_CASE("no file names a place on somebody's machine") {
  // Split, or this file would break its own rule.
  const std::vector<std::string> places = {
      "/ho"
      "me/",
      "/wo"
      "rk/",
      "/tm"
      "p/",
      "/Us"
      "ers/",
      "/ro"
      "ot/"};
  for (const auto& file : all_text()) {
    for (const auto& place : places) {
      INFO(file.path << " contains " << place);
      CHECK(file.text.find(place) == std::string::npos);
    }
  }
}

TEST_CASE("nothing is left to do in the sources") {
  const std::vector<std::string> words = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "X"
      "XX",
      "HA"
      "CK"};
  for (const auto& file : all_text()) {
    for (const auto& word : words) {
      INFO(file.path << " contains " << word);
      CHECK(file.text.find(word) == std::string::npos);
    }
  }
}

TEST_CASE("a place that a page names is there") {
  for (const auto& page : pages()) {
    const auto places = places_in(page);
    CHECK_FALSE(places.empty());
    for (const auto& place : places) {
      INFO(page.path << " names " << place);
      CHECK(std::filesystem::exists(std::filesystem::path(source_path()) / place));
    }
  }
}

TEST_CASE("CMakeLists.txt lists every source and public header") {
  const std::string lists = source_file("CMakeLists.txt").text;
  for (const auto& file : product_sources()) {
    if (file.path.starts_with("src/") && file.path.ends_with(".hpp")) continue;
    INFO(file.path << " is not in CMakeLists.txt");
    CHECK(lists.find(file.path) != std::string::npos);
  }
}

TEST_CASE("a shared library shows every function of the public headers") {
  constexpr std::string_view others[] = {
      "FITVRAM_EXPORT ", "constexpr ", "inline ", "template ", "#", "//", "}", " "};
  std::size_t shown = 0;
  for (const auto& file : files_below("include", {".hpp"}))
    for (const auto& line : file.lines) {
      INFO(file.path << ": " << line);
      shown += line.starts_with("FITVRAM_EXPORT ") ? std::size_t{1} : std::size_t{0};
      const bool other = std::ranges::any_of(
          others, [&](std::string_view word) { return line.starts_with(word); });
      CHECK((other || line.find('(') == std::string::npos));
    }
  CHECK(shown > 60);
}
