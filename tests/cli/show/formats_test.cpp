#include "cli/show/formats.hpp"

#include "catch.hpp"
#include "cli/show/markdown.hpp"

using namespace fitvram::cli;

TEST_CASE("formats are found by name") {
  CHECK(find_format("markdown")->render == render_markdown);
  CHECK(find_format("json")->carries_notes);
  CHECK(find_format("yaml") == nullptr);
}
