#include "cli/show/estimate.hpp"

#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram::test;

TEST_CASE("a small model is shown in MiB, a large one in GiB") {
  CHECK(run_words({"estimate", "tiny.gguf"}).out.find("HOST  MiB") != std::string::npos);
  CHECK(run_words({"estimate", "gemma"}).out.find("HOST  GiB") != std::string::npos);
}

TEST_CASE("figures end in one column beside long labels, too") {
  const auto out = run_words({"estimate", "Qwen/Qwen3.5-35B-A3B", "-np", "4"}).out;
  for (const char* cache : {"    kv full", "    conv-state", "    recurrent-state constant, 30"}) {
    const auto begin = out.find(cache);
    REQUIRE(begin != std::string::npos);
    CHECK(out.find('\n', begin) - begin == 54);
  }
}

TEST_CASE("what does not fit says by how much") {
  const auto run = run_words({"estimate", "gemma", "-q", "Q4_K_M", "--vram", "8"});
  CHECK(run.out.find("does not fit on 8 GiB: ") != std::string::npos);
  CHECK(run.out.find("more than its 8.00\n  no context fits\n") != std::string::npos);
}

TEST_CASE("the option --explain gives formulas that end in the figure") {
  const auto run = run_words({"estimate", "tiny.gguf", "--explain", "-c", "4096"});
  CHECK(run.out.find("\n    = 4 * (32 * 2 * 4096)\n    = 1048576 bytes (1 MiB)\n") !=
        std::string::npos);
}
