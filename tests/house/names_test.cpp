#include <algorithm>
#include <set>
#include <string>

#include "catch.hpp"
#include "fitvram/fitvram.hpp"

using namespace fitvram;

namespace {

// The names of an enum whose last enumerator is `last`; fewer than enumerators when two are equal.
template <typename E>
std::set<std::string> names_to(E last) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.insert(name_of(static_cast<E>(i)));
  return names;
}

template <typename E>
void check_names_to(E last) {
  const auto names = names_to(last);
  CHECK(names.size() == static_cast<std::size_t>(last) + 1);
  for (const auto& name : names) {
    INFO("'" << name << "'");
    CHECK_FALSE(name.empty());
    CHECK(std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }));
  }
}

}  // namespace

TEST_CASE("every enumerator that JSON shows has a name of its own, lower case with dashes") {
  check_names_to(ErrorCode::ambiguous);
  check_names_to(CacheRole::compressor_state);
  check_names_to(Growth::constant);
  check_names_to(Provenance::assumed);
  check_names_to(Severity::warning);
  check_names_to(LayerKind::nextn);
  check_names_to(ModelFormat::parameters);
  check_names_to(TensorRole::other);
  check_names_to(Verdict::no);
}

TEST_CASE("the advice is one of three widths") {
  CHECK(names_to(Advice::int4) == std::set<std::string>{"FP16", "INT8", "INT4"});
}

TEST_CASE("names that scripts match on stay as they are") {
  CHECK(names_to(ErrorCode::ambiguous) ==
        std::set<std::string>{"io", "not-a-model", "malformed", "missing-field", "unsupported",
                              "limit", "unknown-name", "ambiguous"});
  CHECK(names_to(Provenance::assumed) == std::set<std::string>{"exact", "derived", "assumed"});
  CHECK(names_to(Verdict::no) == std::set<std::string>{"fits", "tight", "no"});
  CHECK(names_to(ModelFormat::parameters) ==
        std::set<std::string>{"gguf", "hf-config", "catalog", "parameters"});
}
