#include "cli/show/csv.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

namespace {

Report list_of(std::vector<std::vector<Cell>> rows) {
  Report report;
  report.body =
      ListReport{"gpus", {{{"name", "NAME"}, {"n", "N", true}, {"extra", ""}}, std::move(rows)}};
  return report;
}

}  // namespace

TEST_CASE("CSV quotes what RFC 4180 says") {
  const auto report =
      list_of({{std::string("a,\"b\"\nc"), std::uint64_t{1}, true}, {std::string("d"), {}, {}}});
  CHECK(render_csv(report, {}) == "name,n,extra\r\n\"a,\"\"b\"\"\nc\",1,true\r\nd,,\r\n");
}

TEST_CASE("CSV keeps line breaks and nothing else that moves a terminal's cursor") {
  const auto report = list_of({{std::string("a\x1b[2J\r\nb\n"), {}, {}}});
  CHECK(render_csv(report, {}) == "name,n,extra\r\n\"a?[2J?\nb\n\",,\r\n");
}
