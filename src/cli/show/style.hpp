#pragma once
#include <cstddef>

namespace fitvram::cli {

/// How tables are drawn. Machine formats ignore it: they are the same on a terminal and in a pipe.
struct Style {
  bool color = false;
  std::size_t width = 80;
};

}  // namespace fitvram::cli
