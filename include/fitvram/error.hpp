#pragma once
#include <cassert>
#include <string>
#include <utility>
#include <variant>

#include "fitvram/export.hpp"

namespace fitvram {

enum class ErrorCode {
  io,             ///< the bytes could not be obtained (missing file, unreadable, changed under us)
  not_a_model,    ///< readable, but neither GGUF nor a model's config (HTML page, LFS pointer, ...)
  malformed,      ///< breaks the rules of its own format
  missing_field,  ///< well formed, but a fact that the figures need is not there
  unsupported,    ///< understood, and outside what fitvram or the runtime can do
  limit,          ///< larger than any real model; refused before memory is spent on it
  unknown_name,   ///< no such GPU, model, runtime, quantization or cache type
  ambiguous       ///< a name that stands for several things
};

/// Spelling used in JSON: "io", "not-a-model", "malformed", "missing-field", "unsupported", ...
FITVRAM_EXPORT const char* name_of(ErrorCode code);

/// What went wrong, as data; the library never prints. `where` is "file: place" ("config.json:
/// /text_config/num_attention_heads", "model.gguf: byte 1234, key 'llama.block_count'"); `hint` is
/// the next thing to do and may be empty.
struct Error {
  ErrorCode code = ErrorCode::malformed;
  std::string where;
  std::string message;
  std::string hint;

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value or an Error. Same spelling as std::expected, which the supported compilers lack.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }

  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  Error& error() {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace fitvram
