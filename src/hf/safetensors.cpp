#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <variant>

#include "base/file_kind.hpp"
#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "fitvram/parse.hpp"

namespace fitvram {
namespace {

using Scalar = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string>;

constexpr std::uint64_t length_field = 8;
constexpr std::uint64_t max_header = 100'000'000;  // the format's own limit

constexpr const char* incomplete = "the download may be incomplete";

struct Dtype {
  std::string_view name;
  std::uint32_t bits;
};

// The format's own names and sizes (safetensors/src/tensor.rs, 0.6).
constexpr Dtype dtypes[] = {
    {"BF16", 16},       {"BOOL", 8},    {"C64", 64},        {"F16", 16},    {"F32", 32},
    {"F4", 4},          {"F64", 64},    {"F6_E2M3", 6},     {"F6_E3M2", 6}, {"F8_E4M3", 8},
    {"F8_E4M3FNUZ", 8}, {"F8_E5M2", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E8M0", 8}, {"I16", 16},
    {"I32", 32},        {"I64", 64},    {"I8", 8},          {"U16", 16},    {"U32", 32},
    {"U64", 64},        {"U8", 8},
};
static_assert(sorted_and_unique(dtypes, &Dtype::name));

std::optional<std::uint32_t> bits_of(std::string_view name) {
  for (const auto& row : dtypes)
    if (row.name == name) return row.bits;
  return std::nullopt;
}

std::string cut(std::string_view text) {
  constexpr std::size_t most = 80;
  return std::string(text.substr(0, most)) + (text.size() > most ? "..." : "");
}

/// JSON as a stream, so that memory grows with what is kept and not with what is nested. Remembers
/// the keys that lead to the current value down to the second level.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  /// `at` is where the text begins in its file.
  explicit Reader(std::uint64_t at) : at_(at) {}

  bool null() final { return take(nullptr); }
  bool boolean(bool value) final { return take(value); }
  bool number_integer(std::int64_t value) final { return take(value); }
  bool number_unsigned(std::uint64_t value) final { return take(value); }
  bool number_float(double value, const std::string&) final { return take(value); }
  bool string(std::string& value) final { return take(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) final { return false; }
  bool start_object(std::size_t) final {
    opened(depth_++, true);
    return true;
  }
  bool start_array(std::size_t) final {
    opened(depth_++, false);
    return true;
  }
  bool end_object() final { return leave(); }
  bool end_array() final { return leave(); }
  bool key(std::string& value) final {
    if (depth_ <= keys_.size()) keys_[depth_ - 1] = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception&) final {
    throw Malformed(ErrorCode::malformed, "byte " + std::to_string(at_ + position),
                    "not valid JSON at '" + cut(token) + "'", incomplete);
  }

 protected:
  /// Depths count from 0 for the whole text; a value at depth n follows keys 1 to n.
  virtual void opened(std::size_t depth, bool object) = 0;
  virtual void closed(std::size_t depth) = 0;
  virtual void value(std::size_t depth, const Scalar& scalar) = 0;

  const std::string& key_at(std::size_t depth) const { return keys_[depth - 1]; }

 private:
  bool take(Scalar scalar) {
    value(depth_, scalar);
    return true;
  }
  bool leave() {
    closed(--depth_);
    return true;
  }

  std::uint64_t at_;
  std::size_t depth_ = 0;
  std::array<std::string, 2> keys_;
};

class HeaderReader final : public Reader {
 public:
  explicit HeaderReader(std::uint64_t data_bytes) : Reader(length_field), data_bytes_(data_bytes) {}

  Checkpoint finish() {
    refuse_twins();
    refuse_overlaps();
    Checkpoint out;
    out.from_headers = true;
    for (auto& stored : stored_) {
      out.total += stored.entry.bytes;
      out.tensors.push_back(std::move(stored.entry));
    }
    return out;
  }

 private:
  struct Stored {
    Checkpoint::Entry entry;
    std::vector<std::uint64_t> offsets;
    bool has_shape = false;
  };

  void opened(std::size_t depth, bool object) override {
    if (depth == 0) {
      if (!object) throw Malformed(ErrorCode::malformed, "", "the header is not a JSON object");
      return;
    }
    if (in_metadata()) return;
    if (depth == 1 && object) {
      now_ = {};
      now_.entry.name = key_at(1);
    } else if (depth == 2 && !object && key_at(2) == "shape") {
      now_.entry.shape.clear();
      now_.has_shape = true;
    } else if (depth == 2 && !object && key_at(2) == "data_offsets") {
      now_.offsets.clear();
    } else {
      fail(depth == 1 ? "an array where an object is needed" : "unexpected nesting");
    }
  }

  void closed(std::size_t depth) override {
    if (depth == 1 && !in_metadata()) store();
  }

  void value(std::size_t depth, const Scalar& scalar) override {
    if (depth == 0) throw Malformed(ErrorCode::malformed, "", "the header is not a JSON object");
    if (in_metadata()) return;
    if (depth == 1) fail("no description, but a single value");
    if (depth == 2 && key_at(2) == "dtype") {
      const auto* text = std::get_if<std::string>(&scalar);
      if (text == nullptr) fail("'dtype' is not a string");
      now_.entry.dtype = *text;
    } else if (depth == 3) {
      const auto* count = std::get_if<std::uint64_t>(&scalar);
      if (count == nullptr) fail("'" + key_at(2) + "' holds something that is not a count");
      (key_at(2) == "shape" ? now_.entry.shape : now_.offsets).push_back(*count);
    } else if (key_at(2) == "shape" || key_at(2) == "data_offsets") {
      fail("'" + key_at(2) + "' is not an array");
    }
  }

  bool in_metadata() const { return key_at(1) == "__metadata__"; }

  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const {
    fail_in(key_at(1), message, hint);
  }
  [[noreturn]] static void fail_in(const std::string& tensor, const std::string& message,
                                   const std::string& hint = {}) {
    throw Malformed(ErrorCode::malformed, "tensor '" + cut(tensor) + "'", message, hint);
  }

  void store() {
    auto& entry = now_.entry;
    if (entry.dtype.empty()) fail("'dtype' is missing");
    if (!now_.has_shape) fail("'shape' is missing");
    if (now_.offsets.size() != 2) fail("'data_offsets' does not hold two numbers");
    const auto begin = now_.offsets[0];
    const auto end = now_.offsets[1];
    if (begin > end)
      fail("its data begins at " + std::to_string(begin) + " and ends at " + std::to_string(end));
    if (end > data_bytes_)
      fail("its data ends at byte " + std::to_string(end) + " of the data, which has only " +
               std::to_string(data_bytes_),
           incomplete);
    entry.bytes = Bytes{end - begin};
    if (const auto bits = bits_of(entry.dtype)) {
      std::uint64_t stated = *bits;
      for (const auto n : entry.shape) stated = sat_mul(stated, n);
      if (stated != sat_mul(entry.bytes.count, 8))
        fail("the shape needs " + std::to_string(stated / 8) + " bytes of " + entry.dtype +
             ", but the data has " + std::to_string(entry.bytes.count));
    }
    stored_.push_back(std::move(now_));
  }

  std::vector<const Stored*> sorted(bool (*before)(const Stored*, const Stored*)) const {
    std::vector<const Stored*> order;
    for (const auto& stored : stored_) order.push_back(&stored);
    std::sort(order.begin(), order.end(), before);
    return order;
  }

  void refuse_twins() const {
    const auto order =
        sorted([](const Stored* a, const Stored* b) { return a->entry.name < b->entry.name; });
    const auto twin = std::adjacent_find(
        order.begin(), order.end(),
        [](const Stored* a, const Stored* b) { return a->entry.name == b->entry.name; });
    if (twin != order.end()) fail_in((*twin)->entry.name, "this tensor occurs twice");
  }

  void refuse_overlaps() const {
    const auto order =
        sorted([](const Stored* a, const Stored* b) { return a->offsets < b->offsets; });
    const auto overlap = std::adjacent_find(
        order.begin(), order.end(),
        [](const Stored* a, const Stored* b) { return a->offsets[1] > b->offsets[0]; });
    if (overlap != order.end())
      fail_in((*(overlap + 1))->entry.name,
              "its data overlaps that of '" + cut((*overlap)->entry.name) + "'");
  }

  std::uint64_t data_bytes_;
  Stored now_;
  std::vector<Stored> stored_;
};

class IndexReader final : public Reader {
 public:
  IndexReader() : Reader(0) {}

  Checkpoint finish() {
    if (!has_map_)
      throw Malformed(ErrorCode::missing_field, "", "'weight_map' is missing",
                      "this may not be a safetensors index");
    std::sort(out_.shards.begin(), out_.shards.end());
    return std::move(out_);
  }

 private:
  void opened(std::size_t depth, bool object) override {
    if (depth == 0 && !object) fail("", "the index is not a JSON object");
    if (depth == 0) return;
    if (key_at(1) != "weight_map") return;
    if (depth == 1 && object)
      has_map_ = true;
    else
      fail("/weight_map", "not an object of file names");
  }

  void closed(std::size_t) override {}

  void value(std::size_t depth, const Scalar& scalar) override {
    if (depth == 0) fail("", "the index is not a JSON object");
    if (key_at(1) == "weight_map") {
      const auto* file = std::get_if<std::string>(&scalar);
      if (depth != 2 || file == nullptr) fail("/weight_map", "not an object of file names");
      add_shard(*file);
      out_.indexed.push_back(key_at(2));
    } else if (depth == 2 && key_at(1) == "metadata") {
      if (key_at(2) == "total_size") out_.total = Bytes{count(scalar)};
      if (key_at(2) == "total_parameters") out_.n_params = count(scalar);
    }
  }

  [[noreturn]] static void fail(const std::string& where, const std::string& message) {
    throw Malformed(ErrorCode::malformed, where, message);
  }

  void add_shard(const std::string& file) {
    if (!out_.shards.empty() && out_.shards.back() == file) return;
    if (!seen_.insert(file).second) return;
    if (file.empty() || file.front() == '/' || file.find("..") != std::string::npos ||
        file.find('\0') != std::string::npos)
      fail("/weight_map/" + cut(key_at(2)),
           "'" + cut(file) + "' is not the name of a file beside it");
    out_.shards.push_back(file);
  }

  // Written as an integer, as 16060522496.0 and as a string.
  std::uint64_t count(const Scalar& scalar) const {
    if (const auto* whole = std::get_if<std::uint64_t>(&scalar)) return *whole;
    if (const auto* real = std::get_if<double>(&scalar))
      if (*real >= 0 && *real < 0x1p64 && std::trunc(*real) == *real)
        return static_cast<std::uint64_t>(*real);
    if (const auto* text = std::get_if<std::string>(&scalar)) {
      std::uint64_t parsed = 0;
      const auto* end = text->data() + text->size();
      const auto [stop, error] = std::from_chars(text->data(), end, parsed);
      if (error == std::errc() && stop == end) return parsed;
    }
    fail("/metadata/" + key_at(2), "not a count");
  }

  bool has_map_ = false;
  std::set<std::string> seen_;
  Checkpoint out_;
};

Checkpoint read_file(std::span<const std::byte> bytes) {
  const FileKind kind = file_kind(bytes);
  if (kind != FileKind::safetensors && kind != FileKind::unknown)
    throw Malformed(ErrorCode::not_a_model, "", std::string("this is ") + name_of(kind),
                    hint_for(kind));
  if (bytes.size() < length_field)
    throw Malformed(ErrorCode::malformed, "byte 0",
                    "8 bytes needed, but only " + std::to_string(bytes.size()) + " remain",
                    incomplete);
  std::uint64_t length = 0;
  for (std::size_t i = length_field; i-- > 0;)
    length = length << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  if (length > max_header)
    throw Malformed(ErrorCode::limit, "byte 0",
                    "header of " + std::to_string(length) + " bytes; safetensors stops at " +
                        std::to_string(max_header),
                    "this may not be a safetensors file");
  const auto rest = bytes.subspan(length_field);
  if (length > rest.size())
    throw Malformed(ErrorCode::malformed, "byte 0",
                    "header of " + std::to_string(length) + " bytes, but only " +
                        std::to_string(rest.size()) + " remain",
                    incomplete);
  const auto* text = reinterpret_cast<const char*>(rest.data());
  HeaderReader reader(rest.size() - length);
  nlohmann::json::sax_parse(text, text + length, &reader);
  return reader.finish();
}

Checkpoint read_index(std::string_view text) {
  IndexReader reader;
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  return reader.finish();
}

template <typename F>
Result<Checkpoint> guarded(const std::string& name, F&& read) {
  try {
    return read();
  } catch (const Malformed& e) {
    return e.to_error(name);
  } catch (const nlohmann::json::exception&) {
    return Error{ErrorCode::malformed, name, "not valid JSON", incomplete};
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::limit, name, "not enough memory to read this file", ""};
  } catch (const std::length_error&) {
    return Error{ErrorCode::limit, name, "not enough memory to read this file", ""};
  }
}

}  // namespace

Result<Checkpoint> parse_safetensors_index(std::string_view text, const std::string& name) {
  return guarded(name, [&] { return read_index(text); });
}

Result<Checkpoint> parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  return guarded(name, [&] { return read_file(bytes); });
}

Checkpoint merge(std::vector<Checkpoint> parts) {
  Checkpoint all;
  all.from_headers = !parts.empty();
  for (auto& part : parts) {
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(all.tensors));
    std::move(part.shards.begin(), part.shards.end(), std::back_inserter(all.shards));
    all.total += part.total;
    all.n_params = sat_add(all.n_params, part.n_params);
    all.from_headers = all.from_headers && part.from_headers;
  }
  std::sort(all.shards.begin(), all.shards.end());
  all.shards.erase(std::unique(all.shards.begin(), all.shards.end()), all.shards.end());
  return all;
}

}  // namespace fitvram
