#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "fuzz/targets.hpp"
#include "support/places.hpp"

// What a fuzzer found once stays found: every seed and every finding goes through its target again.
TEST_CASE("every file of the fuzzing corpus goes through its target") {
  using fitvram::fuzz::targets;
  namespace fs = std::filesystem;
  for (const auto& target : targets()) {
    const fs::path folder(
        fitvram::test::source_path("tests/fuzz/corpus/" + std::string(target.name)));
    INFO(folder.string());
    REQUIRE(fs::is_directory(folder));
    std::size_t n_file = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      INFO(entry.path().filename().string());
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      target.run(std::as_bytes(std::span(bytes)));
      ++n_file;
    }
    CHECK(n_file >= 3);
  }
}

TEST_CASE("every folder of the fuzzing corpus has its target, as the build takes it") {
  for (const auto& folder :
       std::filesystem::directory_iterator(fitvram::test::source_path("tests/fuzz/corpus"))) {
    INFO(folder.path().string());
    CHECK(fitvram::fuzz::find_target(folder.path().filename().string()) != nullptr);
  }
}
