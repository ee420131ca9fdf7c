#include "cli/show/notes.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("errors are one line and a hint, and harmless to a terminal") {
  CHECK(render_error({ErrorCode::io, "a", "b", "c"}) == "fitvram: error: a: b\n  hint: c\n");
  CHECK(render_error({ErrorCode::io, "", "b", ""}) == "fitvram: error: b\n");
  CHECK(render_error({ErrorCode::io, "\x1b[2J", "b", ""}).find('\x1b') == std::string::npos);
}
