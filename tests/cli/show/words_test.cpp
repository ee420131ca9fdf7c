#include "cli/show/words.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("one is not many") {
  CHECK(plural(1, "layer") == "1 layer");
  CHECK(plural(2, "layer") == "2 layers");
}

TEST_CASE("cache types are told apart only where they differ") {
  Workload w;
  CHECK(cache_types(w) == "f16 cache");
  w.type_k = find_tensor_type("q8_0");
  CHECK(cache_types(w) == "q8_0 keys, f16 values");
}

TEST_CASE("sequences share a cache only when there are several") {
  Workload w;
  w.kv_unified = true;
  CHECK(sequences(w) == "1 sequence");
  w.n_seq = 4;
  CHECK(sequences(w) == "4 sequences sharing a cache");
}

TEST_CASE("words are kept whole, even those that are longer than a line") {
  CHECK(wrapped("one two", 7) == std::vector<std::string>{"one two"});
  CHECK(wrapped("one two", 6) == std::vector<std::string>{"one", "two"});
  CHECK(wrapped("a longer-word b", 5) == std::vector<std::string>{"a", "longer-word", "b"});
  CHECK(wrapped("", 5) == std::vector<std::string>{""});
}

TEST_CASE("verdicts are painted when colours are wanted") {
  CHECK(painted(Verdict::no, "no", {true, 80}) == "\x1b[31mno\x1b[0m");
  CHECK(painted(Verdict::no, "no", {false, 80}) == "no");
}
