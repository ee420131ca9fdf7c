#include "cli/flags/table.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

namespace {

std::optional<Problem> set(Options& options, std::string_view name, const std::string& value) {
  for (const auto& flag : flags()) {
    const auto names = spellings(flag);
    if (std::find(names.begin(), names.end(), name) != names.end()) return flag.set(options, value);
  }
  FAIL("no option " << name);
  return {};
}

}  // namespace

TEST_CASE("every option has one meaning, a description and a command that takes it") {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& flag : flags()) {
    INFO(flag.names);
    CHECK_FALSE(flag.about.empty());
    CHECK_FALSE(flag.commands.empty());
    CHECK(long_name(flag).starts_with("--"));
    for (const auto& command : commands())
      if (takes(command, flag))
        for (const auto name : spellings(flag)) CHECK(seen.insert({command.name, name}).second);
  }
}

TEST_CASE("memory sizes and token counts are read as help says") {
  Options options;
  CHECK_FALSE(set(options, "--vram", "24"));
  CHECK(options.vram == 24 * GiB);
  CHECK_FALSE(set(options, "-c", "128k"));
  CHECK(options.n_ctx == 131072U);
  CHECK_FALSE(set(options, "--reserve", "none"));
  CHECK(options.reserve.fixed == Bytes{0});
  CHECK_FALSE(set(options, "--reserve", "auto"));
  CHECK_FALSE(options.reserve.fixed.has_value());
}

TEST_CASE("the option -ngl takes a number, all, auto and llama.cpp's old -1") {
  Options options;
  for (const auto* const everything : {"all", "auto", "-1"}) {
    CHECK_FALSE(set(options, "-ngl", everything));
    CHECK(options.workload.n_gpu_layers == UINT32_MAX);
  }
  CHECK_FALSE(set(options, "--n-gpu-layers", "20"));
  CHECK(options.workload.n_gpu_layers == 20);
  CHECK(set(options, "--gpu-layers", "-2")->message ==
        "'-2' is neither a number of layers nor 'all' or 'auto'");
}

TEST_CASE("a slot more is a row of logits more") {
  Options options;
  CHECK_FALSE(set(options, "-np", "4"));
  CHECK(options.workload.n_outputs == 4);
  CHECK_FALSE(set(options, "--outputs", "0"));
  CHECK(options.workload.n_outputs == 0);
  CHECK_FALSE(set(options, "--rs-seq", "3"));
  CHECK(options.workload.n_rs_seq == 3);
}

TEST_CASE("wrong values say what is wrong and what would be right") {
  Options options;
  CHECK(set(options, "-np", "0")->message == "'0' is not a number from 1 up");
  CHECK(set(options, "-b", "99999999999")->message == "'99999999999' is too large");
  CHECK(set(options, "-fa", "onn")->hint == "did you mean 'on'?");
  CHECK(set(options, "--vram", "much")->message == "'much' is not an amount of memory");
  CHECK(set(options, "--params", "0")->message == "'0' is not a number of parameters");
  CHECK(set(options, "-ctk", "bf61")->hint == "did you mean 'bf16'?");
  CHECK(set(options, "--quant", "Q4_K_N")->hint == "did you mean 'Q4_K_L'?");
  CHECK(set(options, "-ctk", "q2_k")->message == "unknown cache type 'q2_k'");
}
