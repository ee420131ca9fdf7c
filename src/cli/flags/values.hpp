#pragma once
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/base/options.hpp"

namespace fitvram::cli {

/// What is wrong with a value, and what to do.
struct Problem {
  std::string message;
  std::string hint;
};

// What the rows of the table of options read a value with: nothing when it was understood.
using Set = std::optional<Problem>;

/// What is wrong with `value` where a whole number from `least` to `most` is asked for.
Problem not_a_number(const std::string& value, std::uint64_t least, std::uint64_t most);

template <typename T>
Set set_number(T& to, const std::string& value, T least, T most = std::numeric_limits<T>::max()) {
  T n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc{} || end != value.data() + value.size() || n < least || n > most)
    return not_a_number(value, least, most);
  to = n;
  return {};
}

Set set_tokens(std::optional<std::uint64_t>& to, const std::string& value);
Set set_size(std::optional<Bytes>& to, const std::string& value);
Set set_cache_type(const TensorType*& to, const std::string& value);
Set set_gpu_layers(Options& options, const std::string& value);
/// A scheme's name, or what a file of a given size calls itself.
Set set_quant(Options& options, const std::string& value);
Set set_reserve(Options& options, const std::string& value);
Set set_tolerance(Options& options, const std::string& value);
/// A format that the command of `options` has.
Set set_format(Options& options, const std::string& value);

Problem unknown_row(const char* kind, const char* list, const std::string& value,
                    const std::vector<std::string_view>& names);

/// Takes `found`, the row of `value`; nullptr is a problem that names the nearest of `names`.
template <typename Row>
Set set_row(const Row*& to, const Row* found, const char* kind, const char* list,
            const std::string& value, const std::vector<std::string_view>& names) {
  to = found;
  if (found != nullptr) return {};
  return unknown_row(kind, list, value, names);
}

Problem unknown_word(const std::string& value, const std::vector<std::string_view>& names);
bool same_word(const std::string& value, std::string_view name);

/// A closed set of words.
template <typename T, std::size_t N>
Set set_word(T& to, const std::string& value, const std::pair<std::string_view, T> (&words)[N]) {
  std::vector<std::string_view> names;
  for (const auto& [name, meaning] : words) {
    names.push_back(name);
    if (!same_word(value, name)) continue;
    to = meaning;
    return {};
  }
  return unknown_word(value, names);
}

}  // namespace fitvram::cli
