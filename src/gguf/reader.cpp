#include "gguf/reader.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace fitvram {
namespace {

// ggml/src/gguf.cpp, ggml/include/ggml.h
constexpr std::uint64_t max_string = std::uint64_t{1} << 30;
constexpr std::uint64_t max_array = std::uint64_t{1} << 30;
constexpr std::uint64_t max_tensor_name = 63;
constexpr std::uint64_t default_alignment = 32;
constexpr std::uint32_t n_ggml_types = 43;

// Smallest possible pair (one-byte key, one-byte value) and tensor (no dimensions).
constexpr std::uint64_t min_pair = 8 + 1 + 4 + 1;
constexpr std::uint64_t min_tensor = 8 + 1 + 4 + 4 + 8;

// Above this a version is damage, not the future.
constexpr std::uint32_t max_version = 255;

constexpr std::uint64_t max_pairs = 1 << 20;
constexpr std::uint64_t max_tensors = 1 << 20;

constexpr const char* incomplete = "the download may be incomplete";
constexpr const char* damaged = "the file is damaged; fetch it again";

std::string counted(std::uint64_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

// Bytes of a value by type number; 0: not a type with a fixed size.
constexpr std::uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

std::uint64_t size_of(GgufType type) { return sizes[static_cast<std::size_t>(type)]; }

std::string decimal(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

}  // namespace

std::string gguf_place(std::uint64_t at, const char* kind, std::string_view name) {
  constexpr std::size_t most = 80;
  std::string place = "byte " + std::to_string(at);
  if (name.empty()) return place;
  return place + ", " + kind + " '" + std::string(name.substr(0, most)) +
         (name.size() > most ? "...'" : "'");
}

void GgufCursor::name_subject(const char* kind, std::string_view name) {
  kind_ = kind;
  subject_ = name;
}

void GgufCursor::fail(std::uint64_t at, const std::string& message, const std::string& hint,
                      ErrorCode code) const {
  throw Malformed(code, gguf_place(at, kind_, subject_), message, hint);
}

void GgufCursor::need(std::uint64_t n) const {
  if (n > remaining())
    fail(at_, counted(n, "byte") + " needed, but only " + counted(remaining(), "byte") + " remain",
         incomplete);
}

void GgufCursor::copy(std::uint64_t at, std::span<std::byte> raw) const {
  std::memcpy(raw.data(), bytes_.data() + at, raw.size());
  if (swap_ != (std::endian::native == std::endian::big)) std::reverse(raw.begin(), raw.end());
}

void GgufCursor::fail_string(std::uint64_t at, std::uint64_t length) const {
  const std::uint64_t left = bytes_.size() - at - 8;
  if (length > left)
    fail(at,
         "string of " + counted(length, "byte") + ", but only " + counted(left, "byte") + " remain",
         incomplete);
  fail(at, "string of " + counted(length, "byte") + "; GGUF readers stop at 1 GiB", damaged,
       ErrorCode::limit);
}

std::string_view GgufCursor::string() {
  const std::uint64_t start = at_;
  const auto length = read<std::uint64_t>();
  if (length > std::min(remaining(), max_string)) fail_string(start, length);
  at_ += length;
  return {reinterpret_cast<const char*>(bytes_.data()) + at_ - length, length};
}

// Vocabularies have hundreds of thousands of strings, so nothing here but the checks.
template <bool reversed>
std::uint64_t GgufCursor::walk_strings(std::uint64_t n) {
  const std::byte* const data = bytes_.data();
  const std::uint64_t size = bytes_.size();
  std::uint64_t at = at_;
  for (; n > 0; --n) {
    if (size - at < 8) {
      at_ = at;
      need(8);
    }
    std::uint64_t length = 0;
    std::memcpy(&length, data + at, 8);
    if constexpr (reversed) length = __builtin_bswap64(length);
    if (length > std::min(size - at - 8, max_string)) fail_string(at, length);
    at += 8 + length;
  }
  return at;
}

void GgufCursor::check_array(std::uint64_t n, std::uint64_t least_size, const char* what) const {
  if (n > remaining() / least_size)
    fail(at_,
         "array of " + counted(n, what) + ", but only " + counted(remaining(), "byte") + " remain",
         incomplete);
  if (n > max_array)
    fail(at_, "array of " + counted(n, what) + "; GGUF readers stop at 2^30", damaged,
         ErrorCode::limit);
}

void GgufCursor::skip_strings(std::uint64_t n) {
  check_array(n, 8, "string");
  const bool reversed = swap_ != (std::endian::native == std::endian::big);
  at_ = reversed ? walk_strings<true>(n) : walk_strings<false>(n);
}

void GgufCursor::skip(std::uint64_t n, std::uint64_t size) {
  check_array(n, size, "value");
  at_ += n * size;
}

GgufFile::GgufFile(std::span<const std::byte> bytes) : cursor_(bytes), size_(bytes.size()) {
  cursor_.seek(4);
  auto version = cursor_.read<std::uint32_t>();
  if (version != 0 && (version & 0xffff) == 0) {
    cursor_.swap_bytes();
    version = cursor_.peek<std::uint32_t>(4);
  }
  if (version == 0 || version > max_version)
    cursor_.fail(4, "GGUF version " + std::to_string(version) + " does not exist", damaged);
  if (version == 1)
    cursor_.fail(4, "GGUF version 1 is no longer read by any runtime",
                 "convert the model again with a current llama.cpp", ErrorCode::unsupported);
  if (version > 3)
    cursor_.fail(4, "GGUF version " + std::to_string(version) + " is unknown; 2 and 3 are read",
                 "look for a newer fitvram", ErrorCode::unsupported);

  n_tensors_ = cursor_.read<std::uint64_t>();
  const auto n_pairs = cursor_.read<std::uint64_t>();
  const auto check = [&](std::uint64_t at, std::uint64_t n, const char* what, std::uint64_t least,
                         std::uint64_t most) {
    if (n > cursor_.remaining() / least)
      cursor_.fail(
          at, counted(n, what) + ", but only " + counted(cursor_.remaining(), "byte") + " remain",
          incomplete);
    if (n > most)
      cursor_.fail(at, counted(n, what) + "; no model has more than " + std::to_string(most),
                   damaged, ErrorCode::limit);
  };
  check(8, n_tensors_, "tensor", min_tensor, max_tensors);
  check(16, n_pairs, "metadata pair", min_pair, max_pairs);

  pairs_.resize(n_pairs);
  for (auto& pair : pairs_) read_pair(pair);
  cursor_.name_subject("", {});
  tensors_at_ = cursor_.at();

  std::sort(pairs_.begin(), pairs_.end(), [](const GgufPair& a, const GgufPair& b) {
    return a.key != b.key ? a.key < b.key : a.at < b.at;
  });
  const auto twin =
      std::adjacent_find(pairs_.begin(), pairs_.end(),
                         [](const GgufPair& a, const GgufPair& b) { return a.key == b.key; });
  if (twin != pairs_.end()) fail(*(twin + 1), "this key occurs twice", damaged);
}

void GgufFile::read_pair(GgufPair& pair) {
  cursor_.name_subject("", {});
  const std::uint64_t start = cursor_.at();
  pair.key = cursor_.string();
  if (pair.key.empty()) cursor_.fail(start, "a metadata key is empty", damaged);
  cursor_.name_subject("key", pair.key);

  const auto read_type = [&] {
    const std::uint64_t at = cursor_.at();
    const auto type = cursor_.read<std::uint32_t>();
    if (type > static_cast<std::uint32_t>(GgufType::f64))
      cursor_.fail(at, "value type " + std::to_string(type) + " does not exist", damaged);
    return static_cast<GgufType>(type);
  };
  pair.type = read_type();
  if (pair.type == GgufType::array) {
    pair.list = true;
    const std::uint64_t at = cursor_.at();
    pair.type = read_type();
    if (pair.type == GgufType::array) cursor_.fail(at, "GGUF has no arrays of arrays", damaged);
    pair.count = cursor_.read<std::uint64_t>();
  }
  pair.at = cursor_.at();
  if (pair.type == GgufType::string)
    cursor_.skip_strings(pair.count);
  else
    cursor_.skip(pair.count, size_of(pair.type));
}

const GgufPair* GgufFile::find(std::string_view key) const {
  const auto found =
      std::lower_bound(pairs_.begin(), pairs_.end(), key,
                       [](const GgufPair& pair, std::string_view k) { return pair.key < k; });
  return found != pairs_.end() && found->key == key ? &*found : nullptr;
}

void GgufFile::fail(const GgufPair& pair, const std::string& message, const std::string& hint,
                    ErrorCode code) const {
  throw Malformed(code, gguf_place(pair.at, "key", pair.key), message, hint);
}

std::uint64_t GgufFile::whole(const GgufPair& pair, std::uint64_t i, std::uint64_t most) const {
  const std::uint64_t at = pair.at + i * size_of(pair.type);
  const auto bounded = [&](std::uint64_t value) {
    if (value > most)
      fail(pair, std::to_string(value) + " is too large; at most " + std::to_string(most) +
                     " is possible");
    return value;
  };
  const auto natural = [&](std::int64_t value) {
    if (value < 0) fail(pair, std::to_string(value) + " is negative, a count is needed");
    return bounded(static_cast<std::uint64_t>(value));
  };
  const auto integral = [&](double value) {
    if (!(value >= 0 && value < 0x1p64) || std::trunc(value) != value)
      fail(pair, decimal(value) + " is not a whole number of zero or more");
    return bounded(static_cast<std::uint64_t>(value));
  };
  switch (pair.type) {
    case GgufType::u8:
      return bounded(cursor_.peek<std::uint8_t>(at));
    case GgufType::i8:
      return natural(cursor_.peek<std::int8_t>(at));
    case GgufType::u16:
      return bounded(cursor_.peek<std::uint16_t>(at));
    case GgufType::i16:
      return natural(cursor_.peek<std::int16_t>(at));
    case GgufType::u32:
      return bounded(cursor_.peek<std::uint32_t>(at));
    case GgufType::i32:
      return natural(cursor_.peek<std::int32_t>(at));
    case GgufType::f32:
      return integral(static_cast<double>(cursor_.peek<float>(at)));
    case GgufType::boolean:
      return cursor_.peek<std::uint8_t>(at) != 0 ? 1 : 0;
    case GgufType::u64:
      return bounded(cursor_.peek<std::uint64_t>(at));
    case GgufType::i64:
      return natural(cursor_.peek<std::int64_t>(at));
    case GgufType::f64:
      return integral(cursor_.peek<double>(at));
    case GgufType::string:
    case GgufType::array:
      break;
  }
  fail(pair, "a string where a number is needed");
}

double GgufFile::real(const GgufPair& pair) const {
  if (pair.list) fail(pair, "an array where one number is needed");
  if (pair.type == GgufType::f32) return static_cast<double>(cursor_.peek<float>(pair.at));
  if (pair.type == GgufType::f64) return cursor_.peek<double>(pair.at);
  return static_cast<double>(whole(pair));
}

std::string_view GgufFile::text(const GgufPair& pair) const {
  if (pair.list || pair.type != GgufType::string) fail(pair, "a string is needed here");
  GgufCursor cursor = cursor_;
  cursor.seek(pair.at);
  return cursor.string();
}

std::string_view GgufFile::text_or(std::string_view key, std::string_view otherwise) const {
  const auto* pair = find(key);
  return pair == nullptr ? otherwise : text(*pair);
}

std::uint64_t GgufFile::whole_or(std::string_view key, std::uint64_t otherwise) const {
  const auto* pair = find(key);
  if (pair == nullptr) return otherwise;
  if (pair->list) fail(*pair, "an array where one number is needed");
  return whole(*pair);
}

std::uint64_t GgufFile::alignment() const {
  const std::uint64_t alignment = whole_or("general.alignment", default_alignment);
  if (!std::has_single_bit(alignment))
    fail(*find("general.alignment"),
         std::to_string(alignment) + " is not a power of two, which alignments are");
  return alignment;
}

GgufTensor GgufFile::read_tensor(GgufCursor& cursor) const {
  GgufTensor tensor;
  cursor.name_subject("", {});
  tensor.at = cursor.at();
  tensor.name = cursor.string();
  if (tensor.name.empty()) cursor.fail(tensor.at, "a tensor has no name", damaged);
  cursor.name_subject("tensor", tensor.name);
  if (tensor.name.size() > max_tensor_name)
    cursor.fail(tensor.at,
                "a tensor name of " + counted(tensor.name.size(), "byte") + "; at most " +
                    std::to_string(max_tensor_name) + " are allowed",
                damaged);

  std::uint64_t at = cursor.at();
  const auto n_dims = cursor.read<std::uint32_t>();
  if (n_dims > tensor.ne.size())
    cursor.fail(at, counted(n_dims, "dimension") + "; tensors have at most 4", damaged);
  at = cursor.at();
  for (std::uint32_t i = 0; i < n_dims; ++i) tensor.ne[i] = cursor.read<std::uint64_t>();
  std::uint64_t elements = 1;
  for (const auto n : tensor.ne) elements = sat_mul(elements, n);
  // Also when another dimension is 0: no dimension may be negative as ggml's int64.
  if (elements >= INT64_MAX || *std::max_element(tensor.ne.begin(), tensor.ne.end()) > INT64_MAX)
    cursor.fail(at,
                "the dimensions " + std::to_string(tensor.ne[0]) + " x " +
                    std::to_string(tensor.ne[1]) + " x " + std::to_string(tensor.ne[2]) + " x " +
                    std::to_string(tensor.ne[3]) + " are out of range",
                damaged);

  at = cursor.at();
  const auto type = cursor.read<std::uint32_t>();
  tensor.type = find_tensor_type(type);
  if (tensor.type == nullptr)
    cursor.fail(at,
                "tensor type " + std::to_string(type) +
                    (type < n_ggml_types ? " was removed from GGUF" : " is unknown"),
                type < n_ggml_types ? "convert or quantize the model again"
                                    : "the file may be damaged, or need a newer fitvram",
                ErrorCode::unsupported);
  if (tensor.ne[0] % tensor.type->block_elems != 0)
    cursor.fail(at,
                "rows of " + counted(tensor.ne[0], "element") + " do not divide into " +
                    std::string(tensor.type->name) + " blocks of " +
                    std::to_string(tensor.type->block_elems),
                damaged);
  return tensor;
}

std::vector<GgufTensor> GgufFile::tensors() const {
  GgufCursor cursor = cursor_;
  cursor.seek(tensors_at_);
  const std::uint64_t align = alignment();
  std::vector<GgufTensor> tensors(n_tensors_);
  std::vector<std::uint64_t> ends(n_tensors_);
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    auto& tensor = tensors[i];
    tensor = read_tensor(cursor);
    const std::uint64_t at = cursor.at();
    const auto stated = cursor.read<std::uint64_t>();
    if (stated != offset)
      cursor.fail(at,
                  "data at offset " + std::to_string(stated) + " instead of " +
                      std::to_string(offset) + ", where the tensor before it ends",
                  damaged);
    const std::uint64_t rows = sat_mul(tensor.ne[1], sat_mul(tensor.ne[2], tensor.ne[3]));
    const Bytes bytes = row_bytes(*tensor.type, tensor.ne[0]) * rows;
    ends[i] = sat_add(offset, bytes.count);
    offset = round_up(ends[i], align);
  }

  const std::uint64_t data_at = round_up(cursor.at(), align);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t end = sat_add(data_at, ends[i]);
    if (end <= size_) continue;
    cursor.name_subject("tensor", tensors[i].name);
    cursor.fail(tensors[i].at,
                "its data ends at byte " + std::to_string(end) + ", but the file has only " +
                    counted(size_, "byte"),
                incomplete);
  }
  return tensors;
}

}  // namespace fitvram
