#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fitvram::bench {

/// What one process took, from its start to its end.
struct Cost {
  std::uint64_t cpu_us = 0;    ///< user and system time
  std::uint64_t peak_kib = 0;  ///< resident memory, mapped pages of files included
};

/// Runs a program to its end, what it prints thrown away; throws unless it exits with 0 or 1.
Cost run(const std::vector<std::string>& command);

/// The least of each over many runs; the machine's other work only ever adds.
struct Least {
  Cost cost{UINT64_MAX, UINT64_MAX};

  void add(const Cost& one);
};

}  // namespace fitvram::bench
