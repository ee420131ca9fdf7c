#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/show/sheet.hpp"

namespace fitvram::cli {

// The turns of phrase that tables and blocks share.

/// Characters of UTF-8 text.
std::size_t columns_of(std::string_view text);
/// `text` broken at spaces into lines of at most `width`; at least one line.
std::vector<std::string> wrapped(const std::string& text, std::size_t width);
/// `word` in the verdict's colour, if the style has colours.
std::string painted(Verdict verdict, const std::string& word, const Style& style);
/// "1 layer", "62 layers"; "1 entry", "2 entries".
std::string plural(std::uint64_t n, const char* word);
std::string plural(std::uint64_t n, const char* word, const char* words);
/// "f16 cache", "q8_0 keys, f16 values".
std::string cache_types(const Workload& workload);
/// "4 sequences sharing a cache".
std::string sequences(const Workload& workload);
/// "llama.cpp v0.5.0, cuda".
std::string runtime_of(const Runtime& runtime, std::string_view backend);

}  // namespace fitvram::cli
