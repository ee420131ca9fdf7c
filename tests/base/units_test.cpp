#include "fitvram/units.hpp"

#include "catch.hpp"

using namespace fitvram;

TEST_CASE("bytes saturate instead of wrapping round") {
  CHECK(Bytes{UINT64_MAX} + Bytes{1} == Bytes{UINT64_MAX});
  CHECK(Bytes{UINT64_MAX / 2} * 3 == Bytes{UINT64_MAX});
  CHECK(Bytes{1} - Bytes{2} == Bytes{0});
  CHECK(round_up(UINT64_MAX, 256) == UINT64_MAX);
}

TEST_CASE("rounding up keeps multiples and lifts everything else") {
  CHECK(round_up(std::uint64_t{0}, 256) == 0);
  CHECK(round_up(std::uint64_t{255}, 256) == 256);
  CHECK(round_up(std::uint64_t{256}, 256) == 256);
  CHECK(round_up(Bytes{257}, 256) == Bytes{512});
}
