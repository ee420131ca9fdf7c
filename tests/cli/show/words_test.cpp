#include "cli/show/words.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

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

TEST_CASE("verdicts are painted when colours are wanted") {
  CHECK(painted(Verdict::no, "no", {true, 80}) == "\x1b[31mno\x1b[0m");
  CHECK(painted(Verdict::no, "no", {false, 80}) == "no");
}

TEST_CASE("GiB are printed with two decimals and a sign where there is one") {
  CHECK(gib(24 * GiB) == "24.00");
  CHECK(signed_gib(-1610612736) == "-1.50");
}
