#include "base/name_index.hpp"

#include <string>

#include "catch.hpp"
#include "fitvram/quantize.hpp"

using namespace fitvram;

namespace {

struct Row {
  std::string_view name;
  int value;
};
constexpr Row rows[] = {{"", 0}, {"a", 1}, {"aa", 2}, {"b", 3}, {"long name", 4}};
constexpr NameIndex<std::size(rows)> by_name(rows, &Row::name);

int value_of(std::string_view name) {
  const Row* row = by_name.find(rows, &Row::name, name);
  return row == nullptr ? -1 : row->value;
}

}  // namespace

TEST_CASE("every name of a table is found, and no other") {
  for (const Row& row : rows) CHECK(value_of(row.name) == row.value);
  for (const char* other : {"A", "ab", "long", "long name ", "\xff"}) CHECK(value_of(other) == -1);
  CHECK(value_of(std::string_view("a\0", 2)) == -1);
  static_assert(by_name.find(rows, &Row::name, "aa")->value == 2);
}

TEST_CASE("names that begin alike or end alike are kept apart in a table of the library") {
  for (const TensorType& type : tensor_types()) CHECK(find_tensor_type(type.name) == &type);
}
