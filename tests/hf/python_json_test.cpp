#include "hf/python_json.hpp"

#include "base/malformed.hpp"
#include "catch.hpp"

using fitvram::ErrorCode;
using fitvram::Malformed;
using fitvram::strict_json;

TEST_CASE("Python's constants become null outside strings only") {
  CHECK(strict_json(R"({"a": NaN, "b": [Infinity, -Infinity]})", 9) ==
        R"({"a": null, "b": [null, null]})");
  CHECK(strict_json(R"({"NaN": "Infinity -Infinity NaN"})", 9) ==
        R"({"NaN": "Infinity -Infinity NaN"})");
  CHECK(strict_json(R"(["\"", NaN, "\\", NaN])", 9) == R"(["\"", null, "\\", null])");
}

TEST_CASE("only whole words are Python's constants") {
  CHECK(strict_json("[NaNs]", 9) == "[NaNs]");
  CHECK(strict_json("[xNaN]", 9) == "[xNaN]");
  CHECK(strict_json("[Infinity1]", 9) == "[Infinity1]");
  CHECK(strict_json("NaN", 9) == "null");
}

TEST_CASE("a byte order mark is dropped and other text is left as it is") {
  CHECK(strict_json("\xef\xbb\xbf{}", 9) == "{}");
  CHECK(strict_json("", 9).empty());
  CHECK(strict_json("{'broken\": ]", 9) == "{'broken\": ]");
  CHECK(strict_json("\"open string NaN", 9) == "\"open string NaN");
  CHECK(strict_json("\"ends in a backslash\\", 9) == "\"ends in a backslash\\");
}

TEST_CASE("nesting deeper than allowed is refused where it happens") {
  CHECK(strict_json("[[[]]]", 3) == "[[[]]]");
  CHECK(strict_json("[][][][]", 1) == "[][][][]");
  CHECK(strict_json("\"[[[[\"", 1) == "\"[[[[\"");
  try {
    strict_json("[{\"a\":[]}]", 2);
    FAIL("accepted");
  } catch (const Malformed& error) {
    CHECK(error.code == ErrorCode::limit);
    CHECK(error.where == "byte 6");
    CHECK(std::string(error.what()) == "nested deeper than 2 levels");
  }
}
