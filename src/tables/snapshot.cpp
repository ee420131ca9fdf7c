#include "tables/snapshot.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/malformed.hpp"
#include "tables/snapshot_fields.hpp"

namespace fitvram {
namespace {

constexpr std::uint64_t most_tensors = 65536;

[[noreturn]] void refuse(const char* what) { throw Malformed{ErrorCode::malformed, "", what}; }
[[noreturn]] void cut_off() { refuse("a lowered table is cut off"); }
[[noreturn]] void too_large() { refuse("a number of a lowered table is too large"); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <typename... Fields>
  void operator()(Fields&&... each) {
    (read(each), ...);
  }

  void end() const {
    if (at_ != end_) refuse("a lowered table goes on after its end");
  }

 private:
  std::uint64_t number() {
    if (at_ == end_) cut_off();
    const auto low = static_cast<unsigned char>(*at_++);
    return low < 128 ? low : long_number(low);
  }
  [[gnu::noinline]] std::uint64_t long_number(std::uint64_t low) {
    std::uint64_t value = low - 128;
    for (unsigned shift = 7; shift < 64; shift += 7) {
      if (at_ == end_) cut_off();
      const std::uint64_t part = static_cast<unsigned char>(*at_++);
      value |= (part & 127) << shift;
      if (part < 128) return value;
    }
    too_large();
  }
  std::uint64_t number(std::uint64_t most) {
    const auto value = number();
    if (value > most) too_large();
    return value;
  }
  // Of things that take a byte at least.
  std::size_t count() {
    const auto n = number();
    if (n > static_cast<std::uint64_t>(end_ - at_)) cut_off();
    return n;
  }
  std::size_t index(std::size_t size) {
    const auto i = number();
    if (i >= size) too_large();
    return i;
  }

  void read(std::uint64_t& value) { value = number(); }
  void read(std::uint32_t& value) { value = static_cast<std::uint32_t>(number(UINT32_MAX)); }
  void read(bool& value) { value = number(1) != 0; }
  void read(Bytes& bytes) { bytes.count = number(); }
  void read(std::string_view& text) {
    const auto size = count();
    text = {at_, size};
    at_ += size;
  }
  void read(std::string& text) {
    std::string_view bytes;
    read(bytes);
    text = bytes;
  }
  void read(TensorName& name) {
    std::string_view text;
    read(text);
    name = text;
  }
  template <typename E>
  void read(const UpTo<E>& word) {
    word.value = static_cast<E>(number(static_cast<std::uint64_t>(word.last)));
  }
  void read(const TensorType*& type) {
    const auto all = tensor_types();
    const auto i = index(all.size() + 1);
    type = i == 0 ? nullptr : &all[i - 1];
  }
  // What is absent is 0, what is there stands one higher.
  void read(std::optional<std::uint32_t>& value) {
    if (const auto n = number(std::uint64_t{UINT32_MAX} + 1); n != 0)
      value = static_cast<std::uint32_t>(n - 1);
  }
  void read(std::optional<bool>& value) {
    if (const auto n = number(2); n != 0) value = n == 2;
  }
  void read(std::optional<double>& value) {
    if (number(1) != 0) value = std::bit_cast<double>(number());
  }
  void read(PerLayer& each) { read(each.values); }
  void read(std::vector<bool>& flags) {
    flags.resize(count());
    for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = number(1) != 0;
  }
  template <typename T>
  void read(std::vector<T>& list) {
    list.resize(count());
    for (T& each : list) read(each);
  }
  void read(std::vector<Layer>& layers) {
    std::vector<Layer> kinds(count());
    for (Layer& kind : kinds) fields(*this, kind);
    const auto n = count();
    layers.reserve(n);
    for (std::size_t i = 0; i < n; ++i) layers.push_back(kinds[index(kinds.size())]);
  }
  void read(std::vector<Tensor>& tensors) {
    std::vector<Tensor> kinds(count());
    for (Tensor& kind : kinds) fields(*this, kind);
    std::vector<std::vector<const Tensor*>> blocks(count());
    for (auto& block : blocks) {
      block.resize(count());
      for (auto& tensor : block) tensor = &kinds[index(kinds.size())];
    }
    const auto n = number(most_tensors);
    tensors.reserve(n);
    for (auto rest = count(); rest > 0; --rest) {
      const auto& block = blocks[index(blocks.size())];
      const auto layer = static_cast<std::int32_t>(number(INT32_MAX)) - 1;
      if (block.size() > n - tensors.size()) too_large();
      for (const Tensor* tensor : block) tensors.push_back(*tensor), tensors.back().layer = layer;
    }
  }
  template <typename T>
  requires Stored<T, Reader>
  void read(T& value) { fields(*this, value); }

  const char* at_;
  const char* end_;
};

template <typename T>
T read_all(std::string_view bytes) {
  T value;
  Reader read(bytes);
  read(value);
  read.end();
  return value;
}

}  // namespace

ModelInfo read_lowered_model(std::string_view bytes) { return read_all<ModelInfo>(bytes); }

std::vector<GpuCard> read_lowered_cards(std::string_view bytes) {
  return read_all<std::vector<GpuCard>>(bytes);
}

std::vector<CatalogEntry> read_lowered_catalog(std::string_view bytes, std::string_view json) {
  const auto rows = read_all<std::vector<LoweredEntry>>(bytes);
  std::vector<CatalogEntry> entries;
  entries.reserve(rows.size());
  for (const LoweredEntry& row : rows) {
    if (row.config_at > json.size()) too_large();
    entries.push_back({std::string(row.name),
                       std::string(json.substr(row.config_at, row.config_size)), row.model,
                       row.n_params});
  }
  return entries;
}

Result<std::vector<CatalogEntry>> embedded_catalog() try {
  if (lowered_models().empty()) return parse_catalog(embedded_models(), "embedded table");
  return read_lowered_catalog(lowered_models(), embedded_models());
} catch (const Malformed& error) {
  return error.to_error("embedded table");
}

Result<std::vector<GpuCard>> embedded_cards() try {
  if (lowered_gpus().empty()) return parse_gpus(embedded_gpus(), "embedded table");
  return read_lowered_cards(lowered_gpus());
} catch (const Malformed& error) {
  return error.to_error("embedded table");
}

}  // namespace fitvram
