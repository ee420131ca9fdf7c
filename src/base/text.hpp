#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fitvram/units.hpp"

namespace fitvram {

/// "23.99 GiB", "512 MiB", "0 B": binary units, at most two decimals, for people only.
std::string format_bytes(Bytes bytes);

/// "8.03 B", "135 M": decimal, for parameter counts.
std::string format_count(std::uint64_t n);

/// Memory size: "24GiB", "24G", "24GB", "24" (a bare number up to 4096 is GiB), "25769803776"
/// (larger: bytes), "1.5GiB", "512M". Always binary. nullopt when it is none of these.
std::optional<Bytes> parse_bytes(std::string_view text);

/// Token count: "8192", "8k" (8192), "128K" (131072), "1m" (1048576). nullopt otherwise.
std::optional<std::uint64_t> parse_tokens(std::string_view text);

/// Parameter count: "27e9", "27B", "27.4b", "135M", "27000000000". nullopt otherwise.
std::optional<std::uint64_t> parse_params(std::string_view text);

/// ASCII lower case.
std::string lower_case(std::string_view text);

/// Lower case with every run of space, '-', '_', '.' and '/' as one '-': what names are compared
/// by.
std::string fold_name(std::string_view text);

/// Whether `word` is one of `words`, which spaces separate.
bool has_word(std::string_view words, std::string_view word);

/// Damerau-Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, if near enough to be a typo of it (distance <= max(1, a third
/// of its length)), compared in lower case; empty otherwise.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// "0.92": millionths, without trailing zeros.
std::string decimal(std::uint64_t millionths);
/// "0.92" exactly as millionths; nullopt when it is no plain decimal or has more than six digits
/// after the point.
std::optional<std::uint32_t> parse_millionths(std::string_view text);

/// One word of a POSIX shell.
std::string shell_quoted(const std::string& word);

/// `text` with control characters, escape sequences and invalid UTF-8 replaced, safe for a
/// terminal.
std::string printable(std::string_view text);

/// The same for JSON text: what its strings may hold as it is, but no terminal should see, is
/// written as "\u009b".
std::string printable_json(std::string_view json);

}  // namespace fitvram
