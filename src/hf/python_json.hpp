#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace fitvram {

/// JSON as Python's json module writes it, made acceptable to a strict reader: NaN, Infinity and
/// -Infinity outside strings become null, a UTF-8 byte order mark is dropped. One pass, one copy.
/// Throws Malformed when arrays and objects nest deeper than `max_depth`. Everything else that is
/// wrong with the text is left for the reader to find.
std::string strict_json(std::string_view text, std::size_t max_depth);

}  // namespace fitvram
