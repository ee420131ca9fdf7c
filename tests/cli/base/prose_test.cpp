#include "cli/base/prose.hpp"

#include "catch.hpp"

using namespace fitvram::cli;

TEST_CASE("one is not many") {
  CHECK(plural(1, "layer") == "1 layer");
  CHECK(plural(2, "layer") == "2 layers");
}

TEST_CASE("words are kept whole, even those that are longer than a line") {
  CHECK(wrapped("one two", 7) == std::vector<std::string>{"one two"});
  CHECK(wrapped("one two", 6) == std::vector<std::string>{"one", "two"});
  CHECK(wrapped("a longer-word b", 5) == std::vector<std::string>{"a", "longer-word", "b"});
  CHECK(wrapped("", 5) == std::vector<std::string>{""});
}

TEST_CASE("words are listed with commas and an or") {
  const std::vector<std::string_view> words{"a", "b", "c"};
  CHECK(joined(words) == "a, b, c");
  CHECK(one_of(words) == "a, b or c");
  CHECK(one_of(std::vector<std::string_view>{"a"}) == "a");
}
