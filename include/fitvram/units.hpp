#pragma once
#include <compare>
#include <cstdint>

namespace fitvram {

/// An amount of memory in bytes. Arithmetic saturates at 2^64 - 1 (and at 0 when subtracting), so
/// an absurd model is "too big" instead of wrapping round to something that fits. There is no
/// conversion from elements or tokens: multiplying a size by a count is the only way to grow it.
struct Bytes {
  std::uint64_t count = 0;

  constexpr Bytes() = default;
  constexpr explicit Bytes(std::uint64_t bytes) : count(bytes) {}

  friend constexpr auto operator<=>(Bytes, Bytes) = default;

  friend constexpr Bytes operator+(Bytes a, Bytes b) {
    std::uint64_t sum = 0;
    return Bytes{__builtin_add_overflow(a.count, b.count, &sum) ? UINT64_MAX : sum};
  }
  friend constexpr Bytes operator-(Bytes a, Bytes b) {
    return Bytes{a.count > b.count ? a.count - b.count : 0};
  }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) {
    std::uint64_t product = 0;
    return Bytes{__builtin_mul_overflow(a.count, n, &product) ? UINT64_MAX : product};
  }
  friend constexpr Bytes operator*(std::uint64_t n, Bytes a) { return a * n; }
  friend constexpr Bytes operator/(Bytes a, std::uint64_t n) { return Bytes{a.count / n}; }
  constexpr Bytes& operator+=(Bytes b) { return *this = *this + b; }
};

inline constexpr Bytes KiB{std::uint64_t{1} << 10};
inline constexpr Bytes MiB{std::uint64_t{1} << 20};
inline constexpr Bytes GiB{std::uint64_t{1} << 30};

/// Product of two counts (elements, tokens, rows), saturating at 2^64 - 1.
constexpr std::uint64_t sat_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/// Sum of two counts, saturating at 2^64 - 1.
constexpr std::uint64_t sat_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/// `n` rounded up to a multiple of `step` (step >= 1), saturating at 2^64 - 1.
constexpr std::uint64_t round_up(std::uint64_t n, std::uint64_t step) {
  const std::uint64_t rest = n % step;
  return rest == 0 ? n : sat_add(n, step - rest);
}

/// `n` / `unit` rounded up (unit >= 1).
constexpr std::uint64_t ceil_div(std::uint64_t n, std::uint64_t unit) {
  return n / unit + (n % unit != 0 ? 1 : 0);
}

constexpr Bytes round_up(Bytes b, std::uint64_t step) { return Bytes{round_up(b.count, step)}; }

}  // namespace fitvram
