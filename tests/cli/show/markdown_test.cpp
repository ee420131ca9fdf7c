#include "cli/show/markdown.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("Markdown escapes pipes and leaves out columns without a title") {
  Report report;
  report.body = ListReport{"gpus",
                           {{{"name", "NAME"}, {"n", "N", true}, {"extra", ""}},
                            {{std::string("a|b"), std::uint64_t{1}, false}}}};
  CHECK(render_markdown(report, {}) == "| NAME | N |\n| --- | ---: |\n| a\\|b | 1 |\n");
}

TEST_CASE("Markdown without a row has no head either") {
  Report report;
  report.body = EstimateReport{};
  CHECK(render_markdown(report, {}).empty());
}
