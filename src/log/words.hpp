#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/reader.hpp"

namespace fitvram {

using Words = std::vector<std::string_view>;

/// A line of a log without escape sequences and control characters.
std::string plain(std::string_view line);

/// The words of a line, those of an absurdly long one only up to a limit.
Words words_of(std::string_view line);

/// A whole number, punctuation after it allowed.
std::optional<std::uint64_t> number(std::string_view word);

/// "258.50", and "258,50" where the locale writes it so.
std::optional<LoggedSize> mebibytes(std::string_view word);

/// The place after `phrase`, where the words from `from` on contain it.
std::optional<std::size_t> find_words(const Words& words,
                                      std::initializer_list<std::string_view> phrase,
                                      std::size_t from = 0);

}  // namespace fitvram
