#pragma once
#include <fmt/format.h>

#include <string>

namespace fitvram::cli {

std::string format_values(fmt::string_view text, fmt::format_args values);

/// fmt::format, compiled once: the program needs no library of fmt's at run time, which would take
/// longer to load than most answers take.
template <typename... Values>
std::string formatted(fmt::format_string<Values...> text, Values&&... values) {
  return format_values(text, fmt::make_format_args(values...));
}

}  // namespace fitvram::cli
