#include "cli/show/grid.hpp"

#include "catch.hpp"

using namespace fitvram::cli;

TEST_CASE("grids keep numbers apart from what people do not need") {
  const Grid grid{{{"name", "NAME"}, {"n", "N", true}, {"extra", ""}},
                  {{std::string("x"), std::uint64_t{7}, {}}}};
  const auto sheet = sheet_of_grid(grid);
  CHECK(sheet.columns.size() == 2);
  CHECK(sheet.rows[0] == std::vector<std::string>{"x", "7"});
}
