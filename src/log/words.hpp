#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/units.hpp"

namespace fitvram {

using Words = std::vector<std::string_view>;

/// A line of a log without escape sequences and control characters.
std::string plain(std::string_view line);

/// The words of a line, those of an absurdly long one only up to a limit.
Words words_of(std::string_view line);

/// A whole number, punctuation after it allowed.
std::optional<std::uint64_t> number(std::string_view word);

/// An amount of memory as a log prints it: hundredths of a MiB.
struct LoggedSize {
  std::uint64_t centi_mib = 0;
  std::uint32_t n_terms = 0;  ///< printed figures in it, each rounded on its own

  LoggedSize& operator+=(const LoggedSize& other) {
    centi_mib += other.centi_mib;
    n_terms += other.n_terms;
    return *this;
  }
  Bytes bytes() const { return Bytes{centi_mib * MiB.count / 100}; }
};

/// "258.50", and "258,50" where the locale writes it so.
std::optional<LoggedSize> mebibytes(std::string_view word);

/// The place after `phrase`, where the words from `from` on contain it.
std::optional<std::size_t> find_words(const Words& words,
                                      std::initializer_list<std::string_view> phrase,
                                      std::size_t from = 0);

}  // namespace fitvram
