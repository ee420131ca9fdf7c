#pragma once
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string_view>

/// Value of an integer expression of + - * / ( ), division truncating.
class Arithmetic {
 public:
  static std::uint64_t value(std::string_view text) {
    Arithmetic parser(text);
    const std::uint64_t result = parser.sum();
    if (!parser.rest().empty()) throw std::runtime_error("trailing text");
    return result;
  }

 private:
  explicit Arithmetic(std::string_view text) : text_(text) {}

  std::string_view rest() {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    return text_;
  }
  bool take(char c) {
    if (rest().empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::uint64_t sum() {
    std::uint64_t value = product();
    for (;;) {
      if (take('+'))
        value += product();
      else if (take('-'))
        value -= product();
      else
        return value;
    }
  }
  std::uint64_t product() {
    std::uint64_t value = factor();
    for (;;) {
      if (take('*'))
        value *= factor();
      else if (take('/'))
        value /= factor();
      else
        return value;
    }
  }
  std::uint64_t factor() {
    if (take('(')) {
      const std::uint64_t value = sum();
      if (!take(')')) throw std::runtime_error("missing )");
      return value;
    }
    if (rest().empty() || std::isdigit(static_cast<unsigned char>(text_[0])) == 0)
      throw std::runtime_error("number expected");
    std::uint64_t value = 0;
    while (!text_.empty() && std::isdigit(static_cast<unsigned char>(text_[0])) != 0) {
      value = value * 10 + static_cast<std::uint64_t>(text_[0] - '0');
      text_.remove_prefix(1);
    }
    return value;
  }

  std::string_view text_;
};
