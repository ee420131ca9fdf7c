#include "hf/derived.hpp"

#include "base/malformed.hpp"
#include "catch.hpp"

using namespace fitvram;

TEST_CASE("next-token-prediction blocks are counted in the layers and stay outside the window") {
  Hparams h;
  h.n_layer = 4;
  h.swa_layers = {true, true, true, true};
  append_nextn(h, 2);
  CHECK(*h.n_layer == 6);
  CHECK(*h.n_layer_nextn == 2);
  CHECK(h.swa_layers == std::vector<bool>{true, true, true, true, false, false});
  append_nextn(h, 0);
  CHECK(*h.n_layer_nextn == 2);
  CHECK_THROWS_AS(append_nextn(h, 65), Malformed);
}

TEST_CASE("products of counts are refused beyond reason") {
  CHECK(within_reason(1U << 31U, "x") == 1U << 31U);
  try {
    within_reason((std::uint64_t{1} << 31U) + 1, "the head size");
    FAIL("accepted");
  } catch (const Malformed& error) {
    CHECK(error.code == ErrorCode::limit);
    CHECK(std::string(error.what()) == "the head size is 2147483649, more than any model has");
  }
}
