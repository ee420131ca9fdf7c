#include "cli/ask/fields.hpp"

#include <set>

#include "catch.hpp"
#include "cli/flags/table.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("no two keys of a request have one name or one place") {
  const auto names = request_keys();
  CHECK(std::set(names.begin(), names.end()).size() == names.size());
  std::set<int> places;
  for (const auto& flag : flags())
    if (!flag.key.name.empty()) CHECK(places.insert(flag.key.place).second);
  CHECK(*places.begin() == 1);
  CHECK(*places.rbegin() == static_cast<int>(names.size()));
}

TEST_CASE("a key sets what its option sets, and a switch is true or false") {
  using Kind = RequestField::Kind;
  Options options;
  CHECK_FALSE(apply({{"n_seq", "4", Kind::number},
                     {"offload_kqv", "false", Kind::boolean},
                     {"swa_full", "true", Kind::boolean},
                     {"flash_attn", "false", Kind::boolean}},
                    options));
  CHECK(options.workload.n_seq == 4);
  CHECK_FALSE(options.workload.offload_kqv);
  CHECK(options.workload.swa_full);
  CHECK(options.workload.flash_attn == FlashAttention::off);
  CHECK(options.gave("--parallel"));
  CHECK_FALSE(apply({{"swa_full", "false", Kind::boolean}, {"offload_kqv", "true", Kind::boolean}},
                    options));
  CHECK_FALSE(options.workload.swa_full);
  CHECK(options.workload.offload_kqv);
  CHECK(apply({{"n_seq", "true", Kind::boolean}}, options)->problem.message ==
        "must be a number or text, not true");
  CHECK(apply({{"swa_full", "1", Kind::number}}, options)->key == "swa_full");
}
