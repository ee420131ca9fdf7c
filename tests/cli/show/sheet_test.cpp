#include "cli/show/sheet.hpp"

#include "catch.hpp"

using namespace fitvram::cli;

TEST_CASE("columns are as wide as their contents, numbers to the right") {
  const Sheet sheet{{{"NAME"}, {"N", true}, {"WORD"}}, {{"a", "1", "x"}, {"long", "100", "yy"}}};
  CHECK(aligned(sheet, 80) == "NAME    N  WORD\na       1  x\nlong  100  yy\n");
}

TEST_CASE("a name that is too long keeps its beginning and its end") {
  const Sheet sheet{{{"NAME"}, {"N", true}}, {{"abcdefghijklmnopqrstuvwxyz", "1"}}};
  CHECK(aligned(sheet, 19) == "NAME              N\nabcdefghijk..xyz  1\n");
}

TEST_CASE("a last column of words is wrapped") {
  const Sheet sheet{{{"A"}, {"TEXT"}}, {{"x", "one two three four five six seven eight"}}};
  CHECK(aligned(sheet, 30) == "A  TEXT\nx  one two three four five six\n   seven eight\n");
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
  CHECK(aligned(sheet, 80) == "A    N\n\xc3\xa9\xc3\xa9   1\nabc  2\n");
}
