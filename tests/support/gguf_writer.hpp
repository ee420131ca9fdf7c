#pragma once
// Builds GGUF files for tests, right ones and wrong ones, in either byte order.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/tensor.hpp"

namespace fitvram::test {

enum class Endian { little, big };

class GgufWriter {
 public:
  explicit GgufWriter(Endian endian = Endian::little, std::uint32_t version = 3)
      : endian_(endian), version_(version) {}

  // Metadata. The numbers are the file's own value types.
  GgufWriter& u8(std::string_view key, std::uint8_t v) { return pair(key, 0, v); }
  GgufWriter& u16(std::string_view key, std::uint16_t v) { return pair(key, 2, v); }
  GgufWriter& u32(std::string_view key, std::uint32_t v) { return pair(key, 4, v); }
  GgufWriter& i32(std::string_view key, std::int32_t v) { return pair(key, 5, v); }
  GgufWriter& f32(std::string_view key, float v) { return pair(key, 6, v); }
  GgufWriter& boolean(std::string_view key, bool v) { return pair(key, 7, std::uint8_t{v}); }
  GgufWriter& u64(std::string_view key, std::uint64_t v) { return pair(key, 10, v); }
  GgufWriter& i64(std::string_view key, std::int64_t v) { return pair(key, 11, v); }
  GgufWriter& f64(std::string_view key, double v) { return pair(key, 12, v); }
  GgufWriter& text(std::string_view key, std::string_view v) {
    begin(key, 8);
    string(pairs_, v);
    return *this;
  }
  GgufWriter& texts(std::string_view key, const std::vector<std::string>& values) {
    list(key, 8, values.size());
    for (const auto& v : values) string(pairs_, v);
    return *this;
  }
  GgufWriter& u32s(std::string_view key, const std::vector<std::uint32_t>& values) {
    list(key, 4, values.size());
    for (const auto v : values) put(pairs_, v);
    return *this;
  }
  GgufWriter& i32s(std::string_view key, const std::vector<std::int32_t>& values) {
    list(key, 5, values.size());
    for (const auto v : values) put(pairs_, v);
    return *this;
  }
  GgufWriter& bools(std::string_view key, const std::vector<bool>& values) {
    list(key, 7, values.size());
    for (const bool v : values) put(pairs_, std::uint8_t{v});
    return *this;
  }

  // An array that states any element type and count, followed by `raw` zero bytes.
  GgufWriter& false_list(std::string_view key, std::uint32_t type, std::uint64_t n,
                         std::size_t raw) {
    list(key, type, n);
    pairs_.insert(pairs_.end(), raw, std::byte{0});
    return *this;
  }
  GgufWriter& false_type(std::string_view key, std::uint32_t type) {
    begin(key, type);
    return *this;
  }
  GgufWriter& raw_pairs(const std::vector<std::byte>& bytes) {
    pairs_.insert(pairs_.end(), bytes.begin(), bytes.end());
    ++n_pairs_;
    return *this;
  }

  // A tensor right after the one before it, with data of the right size up to 1 MiB.
  GgufWriter& tensor(std::string_view name, const std::vector<std::uint64_t>& ne,
                     std::uint32_t type) {
    return tensor_at(name, ne, type, data_);
  }
  // A tensor that states any offset; its data is appended all the same.
  GgufWriter& tensor_at(std::string_view name, const std::vector<std::uint64_t>& ne,
                        std::uint32_t type, std::uint64_t offset) {
    describe(name, static_cast<std::uint32_t>(ne.size()), ne, type, offset);
    if (const auto* t = find_tensor_type(type)) {
      std::uint64_t rows = 1;
      for (std::size_t i = 1; i < ne.size(); ++i) rows = sat_mul(rows, ne[i]);
      const auto bytes = row_bytes(*t, ne.empty() ? 1 : ne[0]) * rows;
      if (bytes <= MiB) data_ += round_up(bytes.count, alignment_);
    }
    return *this;
  }
  GgufWriter& describe(std::string_view name, std::uint32_t n_dims,
                       const std::vector<std::uint64_t>& ne, std::uint32_t type,
                       std::uint64_t offset) {
    string(tensors_, name);
    put(tensors_, n_dims);
    for (const auto n : ne) put(tensors_, n);
    put(tensors_, type);
    put(tensors_, offset);
    ++n_tensors_;
    return *this;
  }

  // State other counts than the true ones.
  GgufWriter& claim_pairs(std::uint64_t n) {
    claimed_pairs_ = n;
    return *this;
  }
  GgufWriter& claim_tensors(std::uint64_t n) {
    claimed_tensors_ = n;
    return *this;
  }
  // Lays the tensors out for general.alignment = n (which must be added as a key, too).
  GgufWriter& align(std::uint64_t n) {
    alignment_ = n;
    return *this;
  }

  // The file up to its data.
  std::vector<std::byte> header() const {
    std::vector<std::byte> out;
    for (const char c : std::string_view("GGUF")) out.push_back(static_cast<std::byte>(c));
    put(out, version_);
    put(out, claimed_tensors_.value_or(n_tensors_));
    put(out, claimed_pairs_.value_or(n_pairs_));
    out.insert(out.end(), pairs_.begin(), pairs_.end());
    out.insert(out.end(), tensors_.begin(), tensors_.end());
    return out;
  }
  // The whole file; the data is zeros.
  std::vector<std::byte> bytes() const {
    auto out = header();
    if (n_tensors_ > 0) out.resize(round_up(out.size(), alignment_) + data_);
    return out;
  }

 private:
  template <typename T>
  void put(std::vector<std::byte>& out, T value) const {
    std::array<std::byte, sizeof(T)> raw{};
    std::memcpy(raw.data(), &value, sizeof(T));
    if ((endian_ == Endian::big) != (std::endian::native == std::endian::big))
      std::reverse(raw.begin(), raw.end());
    out.insert(out.end(), raw.begin(), raw.end());
  }
  void string(std::vector<std::byte>& out, std::string_view text) const {
    put(out, std::uint64_t{text.size()});
    for (const char c : text) out.push_back(static_cast<std::byte>(c));
  }
  void begin(std::string_view key, std::uint32_t type) {
    string(pairs_, key);
    put(pairs_, type);
    ++n_pairs_;
  }
  void list(std::string_view key, std::uint32_t type, std::uint64_t n) {
    begin(key, 9);
    put(pairs_, type);
    put(pairs_, n);
  }
  template <typename T>
  GgufWriter& pair(std::string_view key, std::uint32_t type, T value) {
    begin(key, type);
    put(pairs_, value);
    return *this;
  }

  Endian endian_;
  std::uint32_t version_;
  std::vector<std::byte> pairs_;
  std::vector<std::byte> tensors_;
  std::uint64_t n_pairs_ = 0;
  std::uint64_t n_tensors_ = 0;
  std::optional<std::uint64_t> claimed_pairs_;
  std::optional<std::uint64_t> claimed_tensors_;
  std::uint64_t data_ = 0;
  std::uint64_t alignment_ = 32;
};

}  // namespace fitvram::test
