#include <algorithm>
#include <bit>
#include <optional>

#include "base/malformed.hpp"
#include "tables/snapshot.hpp"
#include "tables/snapshot_fields.hpp"

namespace fitvram {
namespace {

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

std::string write_lowered(const ModelInfo& model) {
  ModelInfo copy = model;
  Writer write;
  write(copy);
  return write.take();
}

std::string write_lowered(std::span<const GpuCard> cards) {
  std::vector<GpuCard> copy(cards.begin(), cards.end());
  Writer write;
  write(copy);
  return write.take();
}

std::string write_lowered(std::span<const CatalogEntry> entries, std::string_view json) {
  std::vector<std::string> models;
  models.reserve(entries.size());
  std::vector<LoweredEntry> rows;
  std::size_t at = 0;
  for (const CatalogEntry& entry : entries) {
    const auto model = model_of(entry);
    models.push_back(model ? write_lowered(*model) : "");
    at = json.find(entry.config, at);
    rows.push_back(
        {entry.name, at, entry.config.size(), models.back(), model ? model->n_params : 0});
  }
  Writer write;
  write(rows);
  return write.take();
}

}  // namespace fitvram
