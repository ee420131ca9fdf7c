// tests/cli/*.txt: what the whole program prints. UPDATE_GOLDEN=1 writes down what it prints now.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "support/fake_io.hpp"
#include "support/places.hpp"

using namespace fitvram::test;

namespace {

/// Words of a command line; quotes as in a shell.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      inside = true;
    } else if (c == ' ') {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(word);
  return words;
}

std::string without_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

/// A file of cases as it should be: every command followed by what it prints.
std::string replayed(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) out += line + "\n\n";
    if (!line.starts_with("$ fitvram")) continue;
    auto words = split(line.substr(2));
    words.erase(words.begin());
    const auto result = run_words(words);
    out += line + "\n" + without_returns(result.out);
    if (!result.err.empty()) out += "[stderr]\n" + result.err;
    out += "[exit " + std::to_string(result.status) + "]\n\n";
  }
  out.pop_back();
  return out;
}

/// The first line of `a` that `b` has otherwise, with its number.
std::string first_difference(const std::string& a, const std::string& b) {
  std::istringstream left(a);
  std::istringstream right(b);
  std::string line;
  std::string other;
  for (std::size_t n = 1; std::getline(left, line); ++n)
    if (!std::getline(right, other) || line != other) return std::to_string(n) + ": " + line;
  return a.size() == b.size() ? "" : "end";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the program prints what its golden cases say") {
  const std::filesystem::path folder(source_path("tests/cli"));
  std::size_t n_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    ++n_files;
    const auto expected = read(entry.path());
    const auto actual = replayed(expected);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      std::ofstream(entry.path(), std::ios::binary) << actual;
      continue;
    }
    INFO(entry.path().filename().string() << ", first difference:");
    CHECK(first_difference(actual, expected) == first_difference(expected, actual));
  }
  CHECK(n_files >= 5);
}

TEST_CASE("nothing that a table prints is wider than 80 columns") {
  const std::vector<std::string> commands = {
      "help",
      "help rank",
      "help estimate",
      "help show",
      "help plan",
      "help list",
      "help check",
      "help compare-log",
      "check checks.json",
      "",
      "rank --gpu Middle --only-gpus cards.json --only-catalog catalog.json --all",
      "estimate gemma --vram 24 --only-catalog catalog.json -ctk q8_0 -ctv q5_1 -np 4",
      "estimate gemma --vram 24 --only-catalog catalog.json --all-quants",
      "estimate gemma --vram 24 -c 128k --explain",
      "show gemma tiny.gguf",
      "plan gemma --only-gpus cards.json -c 128k",
      "compare-log server.log",
      "list gpus",
      "list models",
      "list runtimes",
      "list architectures",
      "list cache-types",
      "list quants"};
  for (const auto& command : commands) {
    const auto result = run_words(split(command));
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      INFO(command << "\n" << line);
      CHECK(line.size() <= 80);
      CHECK_FALSE(line.ends_with(' '));
    }
  }
}
