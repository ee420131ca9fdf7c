#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/show/style.hpp"
#include "fitvram/fit.hpp"

namespace fitvram::cli {

// The turns of phrase that formats share.

/// `word` in the verdict's colour, if the style has colours.
std::string painted(Verdict verdict, const std::string& word, const Style& style);
/// "23.99": GiB with two decimals.
std::string gib(Bytes bytes);
std::string signed_gib(std::int64_t bytes);
/// "16386.94", "-0.31": hundredths of a MiB.
std::string mib(std::int64_t hundredths);
/// "f16 cache", "q8_0 keys, f16 values".
std::string cache_types(const Workload& workload);
/// "4 sequences sharing a cache".
std::string sequences(const Workload& workload);
/// "llama.cpp v0.5.0, cuda".
std::string runtime_of(const Runtime& runtime, std::string_view backend);

}  // namespace fitvram::cli
