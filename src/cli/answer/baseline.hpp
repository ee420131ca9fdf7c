#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/units.hpp"

namespace fitvram::cli {

/// Totals of an earlier run by the names of their entries.
struct Baseline {
  struct Entry {
    std::string name;
    Bytes device;
  };
  std::vector<Entry> entries;

  const Entry* find(std::string_view name) const;  ///< needs entries sorted by name
};
/// Its entries are sorted by name.
Result<Baseline> parse_baseline(std::string_view text, const std::string& file);
std::string render_baseline(const Baseline& baseline);

}  // namespace fitvram::cli
