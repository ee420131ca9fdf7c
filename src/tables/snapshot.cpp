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
[[noreturn]] void cut_off() { refuse("a snapshot is cut off"); }
[[noreturn]] void too_large() { refuse("a number of a snapshot is too large"); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <typename... Fields>
  void operator()(Fields&&... each) {
    (read(each), ...);
  }

  void end() const {
    if (at_ != end_) refuse("a snapshot goes on after its end");
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

// The place of `value` in a list of different ones.
template <typename T>
std::size_t place_in(std::vector<T>& list, const T& value) {
  const auto at = std::find(list.begin(), list.end(), value);
  const auto place = static_cast<std::size_t>(at - list.begin());
  if (at == list.end()) list.push_back(value);
  return place;
}

class Writer {
 public:
  template <typename... Fields>
  void operator()(Fields&&... each) {
    (write(each), ...);
  }

  std::string take() { return std::move(bytes_); }

 private:
  void number(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value % 128 + 128);
    bytes_ += static_cast<char>(value);
  }

  void write(std::uint64_t value) { number(value); }
  void write(std::uint32_t value) { number(value); }
  void write(bool value) { number(value ? 1 : 0); }
  void write(Bytes bytes) { number(bytes.count); }
  void write(std::string_view text) {
    number(text.size());
    bytes_ += text;
  }
  void write(const TensorName& name) { write(name.view()); }
  void write(const std::string& text) { write(std::string_view(text)); }
  template <typename E>
  void write(const UpTo<E>& word) {
    if (word.value > word.last) {
      throw Malformed{ErrorCode::malformed, "", "a word is beyond the last of its kind"};
    }
    number(static_cast<std::uint64_t>(word.value));
  }
  void write(const TensorType* type) {
    number(type == nullptr ? 0 : static_cast<std::uint64_t>(type - tensor_types().data()) + 1);
  }
  void write(const std::optional<std::uint32_t>& value) {
    number(value ? std::uint64_t{*value} + 1 : 0);
  }
  void write(const std::optional<bool>& value) { number(!value ? 0 : *value ? 2 : 1); }
  void write(const std::optional<double>& value) {
    number(value ? 1 : 0);
    if (value) number(std::bit_cast<std::uint64_t>(*value));
  }
  void write(PerLayer& each) { write(each.values); }
  void write(std::vector<bool>& flags) {
    number(flags.size());
    for (const bool flag : flags) write(flag);
  }
  template <typename T>
  void write(std::vector<T>& list) {
    number(list.size());
    for (T& each : list) write(each);
  }
  void write(std::vector<Layer>& layers) {
    std::vector<Layer> kinds;
    std::vector<std::uint64_t> order;
    order.reserve(layers.size());
    for (const Layer& layer : layers) order.push_back(place_in(kinds, layer));
    number(kinds.size());
    for (Layer& kind : kinds) fields(*this, kind);
    write(order);
  }
  void write(std::vector<Tensor>& tensors) {
    std::vector<Tensor> kinds;
    std::vector<std::vector<std::uint64_t>> blocks;
    std::vector<std::uint64_t> order;
    for (std::size_t i = 0; i < tensors.size();) {
      const auto layer = tensors[i].layer;
      std::vector<std::uint64_t> block;
      for (; i < tensors.size() && tensors[i].layer == layer; ++i) {
        Tensor kind = tensors[i];
        kind.layer = -1;
        block.push_back(place_in(kinds, kind));
      }
      order.push_back(place_in(blocks, block));
      order.push_back(static_cast<std::uint64_t>(layer + 1));
    }
    number(kinds.size());
    for (Tensor& kind : kinds) fields(*this, kind);
    write(blocks);
    number(tensors.size());
    number(order.size() / 2);
    for (const auto value : order) number(value);
  }
  template <typename T>
  requires Stored<T, Writer>
  void write(T& value) { fields(*this, value); }

  std::string bytes_;
};

}  // namespace

std::string write_snapshot(const ModelInfo& model) {
  ModelInfo copy = model;
  Writer write;
  write(copy);
  return write.take();
}

std::string write_snapshot(std::span<const GpuCard> cards) {
  std::vector<GpuCard> copy(cards.begin(), cards.end());
  Writer write;
  write(copy);
  return write.take();
}

std::string write_snapshot(std::span<const CatalogEntry> entries, std::string_view json) {
  std::vector<std::string> models;
  models.reserve(entries.size());
  std::vector<SnapshotEntry> rows;
  std::size_t at = 0;
  for (const CatalogEntry& entry : entries) {
    const auto model = model_of(entry);
    models.push_back(model ? write_snapshot(*model) : "");
    at = json.find(entry.config, at);
    rows.push_back(
        {entry.name, at, entry.config.size(), models.back(), model ? model->n_params : 0});
  }
  Writer write;
  write(rows);
  return write.take();
}

ModelInfo read_model_snapshot(std::string_view bytes) { return read_all<ModelInfo>(bytes); }

std::vector<GpuCard> read_card_snapshot(std::string_view bytes) {
  return read_all<std::vector<GpuCard>>(bytes);
}

std::vector<CatalogEntry> read_catalog_snapshot(std::string_view bytes, std::string_view json) {
  const auto rows = read_all<std::vector<SnapshotEntry>>(bytes);
  std::vector<CatalogEntry> entries;
  entries.reserve(rows.size());
  for (const SnapshotEntry& row : rows) {
    if (row.config_at > json.size()) too_large();
    entries.push_back({std::string(row.name),
                       std::string(json.substr(row.config_at, row.config_size)), row.model,
                       row.n_params});
  }
  return entries;
}

Result<std::vector<CatalogEntry>> embedded_catalog() try {
  if (models_snapshot().empty()) return parse_catalog(embedded_models(), "embedded table");
  return read_catalog_snapshot(models_snapshot(), embedded_models());
} catch (const Malformed& error) {
  return error.to_error("embedded table");
}

Result<std::vector<GpuCard>> embedded_cards() try {
  if (gpus_snapshot().empty()) return parse_gpus(embedded_gpus(), "embedded table");
  return read_card_snapshot(gpus_snapshot());
} catch (const Malformed& error) {
  return error.to_error("embedded table");
}

}  // namespace fitvram
