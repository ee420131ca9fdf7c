#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// An output format is a pure function and its row in `formats`.
struct Format {
  std::string_view name;
  std::string (*render)(const Report& report, const Style& style);
  bool carries_notes =
      false;                ///< notes are part of the output, so they are not repeated for people
  bool only_check = false;  ///< for what a catalogue's check finds, and nothing else
  bool only_top = false;    ///< rows beyond --top are left out
};
std::span<const Format> formats();
const Format* find_format(std::string_view name);

}  // namespace fitvram::cli
