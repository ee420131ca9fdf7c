#pragma once
#include "fitvram/units.hpp"

namespace fitvram {

/// `bytes` * `part` / `whole`, saturating; `bytes` where `whole` is 0.
inline Bytes in_proportion(Bytes bytes, Bytes part, Bytes whole) {
  if (whole == Bytes{}) return bytes;
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{bytes.count} * part.count / whole.count;
  return Bytes{product > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(product)};
}

}  // namespace fitvram
