#include "cli/show/sheet.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("formats are found by name") {
  CHECK(find_format("markdown")->render == render_markdown);
  CHECK(find_format("json")->carries_notes);
  CHECK(find_format("yaml") == nullptr);
}

TEST_CASE("columns are as wide as their contents, numbers to the right") {
  const Sheet sheet{{{"NAME"}, {"N", true}, {"WORD"}}, {{"a", "1", "x"}, {"long", "100", "yy"}}};
  CHECK(layout(sheet, 80) == "NAME    N  WORD\na       1  x\nlong  100  yy\n");
}

TEST_CASE("a name that is too long keeps its beginning and its end") {
  const Sheet sheet{{{"NAME"}, {"N", true}}, {{"abcdefghijklmnopqrstuvwxyz", "1"}}};
  CHECK(layout(sheet, 19) == "NAME              N\nabcdefghijk..xyz  1\n");
}

TEST_CASE("a last column of words is wrapped") {
  const Sheet sheet{{{"A"}, {"TEXT"}}, {{"x", "one two three four five six seven eight"}}};
  CHECK(layout(sheet, 30) == "A  TEXT\nx  one two three four five six\n   seven eight\n");
}

TEST_CASE("spare columns are given up from the last on, as many as it takes") {
  const Sheet sheet{{{"NAME"}, {"A", true, true}, {"B", true, true}, {"SUM", true}},
                    {{"row", "1", "2", "3"}}};
  const auto titles = [&](std::size_t width) {
    std::string text;
    const Sheet shown = within(sheet, width);
    for (const auto& column : shown.columns) text += column.title + " ";
    CHECK(shown.rows.front().size() == shown.columns.size());
    return text;
  };
  CHECK(titles(13) == "NAME A B SUM ");
  CHECK(titles(12) == "NAME A SUM ");
  CHECK(titles(11) == "NAME A SUM ");
  CHECK(titles(10) == "NAME SUM ");
  CHECK(titles(1) == "NAME SUM ");
}

TEST_CASE("UTF-8 counts as characters") {
  const Sheet sheet{{{"A"}, {"N", true}}, {{"\xc3\xa9\xc3\xa9", "1"}, {"abc", "2"}}};
  CHECK(layout(sheet, 80) == "A    N\n\xc3\xa9\xc3\xa9   1\nabc  2\n");
}

TEST_CASE("errors are one line and a hint, and harmless to a terminal") {
  CHECK(render_error({ErrorCode::io, "a", "b", "c"}) == "fitvram: error: a: b\n  hint: c\n");
  CHECK(render_error({ErrorCode::io, "", "b", ""}) == "fitvram: error: b\n");
  CHECK(render_error({ErrorCode::io, "\x1b[2J", "b", ""}).find('\x1b') == std::string::npos);
}

TEST_CASE("GiB are printed with two decimals and a sign where there is one") {
  CHECK(gib(24 * GiB) == "24.00");
  CHECK(signed_gib(-1610612736) == "-1.50");
}
