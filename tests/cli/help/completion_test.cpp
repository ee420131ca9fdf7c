#include "cli/help/completion.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "cli/flags/table.hpp"
#include "cli/help/manual.hpp"
#include "fitvram/catalog.hpp"
#include "support/fake_io.hpp"
#include "support/places.hpp"
#include "support/shell.hpp"

using namespace fitvram;
using namespace fitvram::cli;
using namespace fitvram::test;

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> words(const char* table, const std::string& begin) {
  auto io = small_world();
  return completion_words(io, table, begin).value_or(std::vector<std::string>{"none"});
}

/// What bash offers for the last of these words.
std::string offered(const std::string& line) {
  return shell("cat > t.bash <<'END'\n" + completion_script("bash") + "\nfitvram() { " + program() +
               " \"$@\"; }\nset -- " + line +
               "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _fitvram\n"
               "printf '%s|' \"${COMPREPLY[@]}\"\nEND\nbash t.bash")
      .out;
}

}  // namespace

TEST_CASE("the installed completions and manual are those of this program") {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"completions/fitvram.bash", completion_script("bash")},
      {"completions/_fitvram", completion_script("zsh")},
      {"completions/fitvram.fish", completion_script("fish")},
      {"fitvram.1", manual()}};
  for (const auto& [name, text] : files) {
    const auto path = source_path("data/" + name);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
    INFO(name << " is not what the program writes now: UPDATE_GOLDEN=1 writes it");
    CHECK((read(path) == text));
  }
}

TEST_CASE("every shell and the manual know every command, option and variable") {
  for (const auto* const name : {"bash", "zsh", "fish", "man"}) {
    const std::string shell = name;
    const auto text = shell == "man" ? manual() : completion_script(shell);
    const auto has = [&](std::string word) {
      if (shell == "fish") {
        const bool single = !word.starts_with("--");
        word =
            single ? (word.size() == 2 ? "-s " : "-o ") + word.substr(1) : "-l " + word.substr(2);
      }
      if (shell == "man")
        for (std::size_t at = 0; (at = word.find('-', at)) != std::string::npos; at += 2)
          word.insert(at, "\\");
      INFO(shell << " lacks " << word);
      CHECK(text.find(word) != std::string::npos);
    };
    for (const auto& flag : flags()) {
      for (const auto spelling : spellings(flag)) has(std::string(spelling));
      if (shell == "man" && !flag.env.empty())
        CHECK(text.find(".B " + env_name(flag) + "\n") != std::string::npos);
    }
    for (const auto& row : commands())
      CHECK(text.find(shell == "man" ? "SS fitvram " + std::string(row.name.substr(0, 4))
                                     : std::string(row.name)) != std::string::npos);
  }
}

TEST_CASE("names are offered by how they or one of their words begin") {
  CHECK(words("gpus", "rtx 409").front() == "RTX 4090");
  CHECK(words("gpus", "4090").front() == "RTX 4090");
  CHECK(words("models", "gemma-3-27b") == std::vector<std::string>{"gemma-3-27b-it"});
  CHECK(words("quants", "q4_k_") == std::vector<std::string>{"Q4_K_L", "Q4_K_M", "Q4_K_S"});
  CHECK(words("runtimes", "llama") == std::vector<std::string>{"llama.cpp"});
  CHECK(words("backends", "cu") == std::vector<std::string>{"cuda"});
  CHECK(words("cache-types", "bf") == std::vector<std::string>{"bf16"});
  CHECK(words("shells", "") == std::vector<std::string>{"none"});
}

TEST_CASE("every name that is offered is understood") {
  const auto cards = parse_gpus(embedded_gpus(), "");
  for (const auto& name : words("gpus", "")) {
    INFO(name);
    CHECK(find_gpu(*cards, name).has_value());
  }
  const auto catalog = parse_catalog(embedded_models(), "");
  for (const auto& name : words("models", "")) {
    INFO(name);
    CHECK(find_model(*catalog, name).has_value());
  }
}

TEST_CASE("bash completes commands, options and the names of every table") {
  if (shell("command -v bash").out.empty()) return;
  CHECK(offered("fitvram es") == "estimate|");
  CHECK(offered("fitvram estimate --explai") == "--explain|");
  CHECK(offered("fitvram estimate --gpu 'RTX 4090'") ==
        "RTX 4090|RTX 4090 D|RTX 4090 D 48 GB|RTX 4090 Laptop|");
  CHECK(offered("fitvram plan --quant q4_k_") == "Q4_K_L|Q4_K_M|Q4_K_S|");
  CHECK(offered("fitvram plan -ctk q8_") == "q8_0|");
  CHECK(offered("fitvram plan --backend vul") == "vulkan|");
  CHECK(offered("fitvram plan --runtime llama.c") == "llama.cpp|");
  CHECK(offered("fitvram check --format g") == "github|");
  CHECK(offered("fitvram rank --format g") == "|");  // nothing
  CHECK(offered("fitvram estimate gemma-3-27") == "gemma-3-27b-it|");
  CHECK(offered("fitvram list mod") == "models|");
}

TEST_CASE("the scripts are what their shells take") {
  for (const auto* const name : {"bash", "zsh", "fish"}) {
    const std::string sh = name;
    if (shell("command -v " + sh).out.empty()) continue;
    const auto result =
        shell("cat > script <<'END'\n" + completion_script(sh) + "END\n" + sh + " -n script 2>&1");
    INFO(sh << ": " << result.out);
    CHECK(result.status == 0);
    CHECK(result.out.empty());
  }
}

TEST_CASE("the program prints completions and the manual, and says what else there is") {
  CHECK(run_words({"completion", "bash"}).out == completion_script("bash"));
  CHECK(run_words({"man"}).out == manual());
  CHECK(run_words({"completion", "backends", "vu"}).out == "vulkan\n");
  const auto wrong = run_words({"completion", "tcsh"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err == "fitvram: error: completion for which shell?\n  hint: bash, zsh or fish\n");
}
