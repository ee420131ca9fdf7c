#include "cli/answer/baseline.hpp"

#include "catch.hpp"

using namespace fitvram::cli;

TEST_CASE("a baseline with keys of other kinds is none") {
  const auto baseline = parse_baseline(R"({"schema_version":"one","entries":{}})", "b");
  REQUIRE_FALSE(baseline);
  CHECK(baseline.error().where == "b");
  CHECK(baseline.error().message == "is not a baseline");
  CHECK(baseline.error().hint == "write it with --write-baseline");
}
