#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/malformed.hpp"
#include "fitvram/tensor.hpp"

namespace fitvram {

/// Types of metadata values, numbered as in the file (ggml/include/gguf.h).
enum class GgufType : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

/// One metadata pair that was walked but not decoded: where its values lie and how many there are.
struct GgufPair {
  std::string_view key;
  GgufType type = GgufType::u8;  ///< of one value; never `array`
  bool list = false;
  std::uint64_t count = 1;  ///< values; 1 unless a list
  std::uint64_t at = 0;     ///< offset of the first value in the file
};

/// One tensor as the header describes it.
struct GgufTensor {
  std::string_view name;
  std::array<std::uint64_t, 4> ne{1, 1, 1, 1};
  const TensorType* type = nullptr;
  std::uint64_t at = 0;  ///< offset of this description in the file
};

/// "byte 24, key 'llama.block_count'"; long names are cut.
std::string gguf_place(std::uint64_t at, const char* kind, std::string_view name);

/// A bounds-checked position in a GGUF file of either byte order. Every failure throws Malformed
/// and says at which byte, in which key or tensor.
class GgufCursor {
 public:
  explicit GgufCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  void swap_bytes() { swap_ = true; }
  void seek(std::uint64_t at) { at_ = at; }
  /// What is being read, for messages: "key" and its name, or "tensor" and its name.
  void name_subject(const char* kind, std::string_view name);

  std::uint64_t at() const { return at_; }
  std::uint64_t remaining() const { return bytes_.size() - at_; }

  template <typename T>
  T read() {
    need(sizeof(T));
    const T value = peek<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view string();
  void skip_strings(std::uint64_t n);
  void skip(std::uint64_t n, std::uint64_t size);

  /// The number at `at`, which must lie inside a part that was walked before.
  template <typename T>
  T peek(std::uint64_t at) const {
    std::array<std::byte, sizeof(T)> raw{};
    copy(at, raw);
    return std::bit_cast<T>(raw);
  }

  [[noreturn]] void fail(std::uint64_t at, const std::string& message, const std::string& hint = {},
                         ErrorCode code = ErrorCode::malformed) const;

 private:
  void need(std::uint64_t n) const;
  /// Fails where so many values, each of `least_size` bytes at least, cannot be or are too many.
  void check_array(std::uint64_t n, std::uint64_t least_size, const char* what) const;
  template <bool reversed>
  std::uint64_t walk_strings(std::uint64_t n);
  void copy(std::uint64_t at, std::span<std::byte> raw) const;
  [[noreturn]] void fail_string(std::uint64_t at, std::uint64_t length) const;

  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
  bool swap_ = false;
  const char* kind_ = "";
  std::string_view subject_;
};

/// The header of one GGUF file: metadata by key, tensors on request. Holds views into the bytes.
class GgufFile {
 public:
  /// Walks the metadata of a file that begins with "GGUF"; throws Malformed.
  explicit GgufFile(std::span<const std::byte> bytes);

  std::uint64_t n_tensors() const { return n_tensors_; }
  /// Reads the tensor descriptions and checks that their data lies inside the file.
  std::vector<GgufTensor> tensors() const;

  /// nullptr when the file has no such key.
  const GgufPair* find(std::string_view key) const;

  /// Value `i` as a count: any integer type, bool, or a float without fraction; not above `most`.
  std::uint64_t whole(const GgufPair& pair, std::uint64_t i = 0,
                      std::uint64_t most = UINT32_MAX) const;
  double real(const GgufPair& pair) const;
  std::string_view text(const GgufPair& pair) const;

  /// text or whole of the key's scalar, or the given value where the key is absent.
  std::string_view text_or(std::string_view key, std::string_view otherwise) const;
  std::uint64_t whole_or(std::string_view key, std::uint64_t otherwise) const;

  [[noreturn]] void fail(const GgufPair& pair, const std::string& message,
                         const std::string& hint = {}, ErrorCode code = ErrorCode::malformed) const;

 private:
  void read_pair(GgufPair& pair);
  GgufTensor read_tensor(GgufCursor& cursor) const;
  std::uint64_t alignment() const;

  GgufCursor cursor_;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t tensors_at_ = 0;
  std::uint64_t size_ = 0;
  std::vector<GgufPair> pairs_;  ///< sorted by key
};

}  // namespace fitvram
