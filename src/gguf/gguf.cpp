#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <stdexcept>
#include <tuple>

#include "base/file_kind.hpp"
#include "base/sorted.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "fitvram/parse.hpp"
#include "gguf/keys.hpp"
#include "gguf/reader.hpp"
#include "model/layers.hpp"
#include "model/tensors.hpp"

namespace fitvram {
namespace {

struct FileType {
  std::uint64_t id;
  std::string_view quant;
};

// enum llama_ftype, include/llama.h
constexpr FileType file_types[] = {
    {0, "F32"},      {1, "F16"},      {2, "Q4_0"},       {3, "Q4_1"},    {7, "Q8_0"},
    {8, "Q5_0"},     {9, "Q5_1"},     {10, "Q2_K"},      {11, "Q3_K_S"}, {12, "Q3_K_M"},
    {13, "Q3_K_L"},  {14, "Q4_K_S"},  {15, "Q4_K_M"},    {16, "Q5_K_S"}, {17, "Q5_K_M"},
    {18, "Q6_K"},    {19, "IQ2_XXS"}, {20, "IQ2_XS"},    {21, "Q2_K_S"}, {22, "IQ3_XS"},
    {23, "IQ3_XXS"}, {24, "IQ1_S"},   {25, "IQ4_NL"},    {26, "IQ3_S"},  {27, "IQ3_M"},
    {28, "IQ2_S"},   {29, "IQ2_M"},   {30, "IQ4_XS"},    {31, "IQ1_M"},  {32, "BF16"},
    {36, "TQ1_0"},   {37, "TQ2_0"},   {38, "MXFP4_MOE"}, {39, "NVFP4"},  {40, "Q1_0"},
    {41, "Q2_0"},
};
static_assert(sorted_and_unique(file_types, &FileType::id));

constexpr std::uint64_t max_shards = UINT16_MAX;  // split.count is written as 16 bits
constexpr std::size_t max_architecture = 64;

void refuse_other_formats(std::span<const std::byte> bytes) {
  const FileKind kind = file_kind(bytes);
  if (kind == FileKind::gguf) return;
  if (kind == FileKind::unknown) {
    std::string start;
    for (const auto b : bytes.first(std::min<std::size_t>(bytes.size(), 4))) {
      const auto c = static_cast<char>(b);
      start += c >= ' ' && c <= '~' ? c : '?';
    }
    throw Malformed(ErrorCode::not_a_model, "byte 0",
                    "not a GGUF file: it begins with '" + start + "' instead of 'GGUF'");
  }
  throw Malformed(ErrorCode::not_a_model, "", std::string("this is ") + name_of(kind),
                  hint_for(kind));
}

GgufFile open(const GgufShard& shard) {
  refuse_other_formats(shard.bytes);
  return GgufFile(shard.bytes);
}

GgufSplit split_of(const GgufFile& file) {
  GgufSplit split;
  const auto* count = file.find("split.count");
  if (count == nullptr) return split;
  const std::uint64_t n = file.whole_or("split.count", 1);
  if (n > max_shards)
    file.fail(*count, "a model of " + std::to_string(n) + " files", {}, ErrorCode::limit);
  if (n <= 1) return split;
  split.count = static_cast<std::uint32_t>(n);
  const auto* no = file.find("split.no");
  if (no == nullptr)
    throw Malformed(ErrorCode::missing_field, "", "'split.count' is there, but 'split.no' is not");
  split.index = static_cast<std::uint32_t>(file.whole_or("split.no", 0));
  if (split.index >= split.count)
    file.fail(*no, "file number " + std::to_string(split.index) + " of " + std::to_string(n) +
                       "; numbers begin at 0");
  return split;
}

std::string_view drop_suffix(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

std::string five_digits(std::uint32_t n) {
  const std::string digits = std::to_string(n);
  return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

// The ending that llama-gguf-split gives a file (llama_split_path, src/llama.cpp).
std::string split_ending(std::uint32_t index, std::uint32_t count) {
  return '-' + five_digits(index + 1) + "-of-" + five_digits(count) + ".gguf";
}

std::string stem(std::string_view name, GgufSplit split) {
  name.remove_prefix(name.find_last_of("/\\") + 1);
  return std::string(
      drop_suffix(drop_suffix(name, split_ending(split.index, split.count)), ".gguf"));
}

std::string nth_of(std::uint32_t index, std::uint32_t count) {
  return "file " + std::to_string(index + 1) + " of " + std::to_string(count);
}

/// All files of one model, in the order of their split numbers.
class Shards {
 public:
  // `file` follows the shard being read, for the error message.
  Shards(std::span<const GgufShard> shards, std::string& file) {
    files_.reserve(shards.size());
    for (const auto& shard : shards) {
      file = shard.name;
      files_.push_back({&shard.name, open(shard)});
      place(files_.size() - 1);
    }
    file = shards.front().name;
    for (std::uint32_t i = 0; i < split_.count; ++i)
      if (order_[i] == nowhere) fail_missing(shards.front().name, i);
    check_tensor_count();
  }

  std::size_t size() const { return order_.size(); }
  const std::string& name(std::size_t i) const { return *files_[order_[i]].name; }
  const GgufFile& file(std::size_t i) const { return files_[order_[i]].file; }
  const GgufFile& first() const { return file(0); }
  std::string model_stem() const { return stem(name(0), {0, split_.count}); }

 private:
  static constexpr std::size_t nowhere = SIZE_MAX;
  struct Shard {
    const std::string* name;
    GgufFile file;
  };

  void place(std::size_t at) {
    const GgufSplit split = split_of(files_[at].file);
    if (at == 0) {
      split_ = split;
      order_.assign(split.count, nowhere);
    }
    if (split.count != split_.count)
      throw Malformed(ErrorCode::malformed, "",
                      "this is " + nth_of(split.index, split.count) + ", but '" +
                          *files_.front().name + "' belongs to a model of " +
                          std::to_string(split_.count),
                      "give the files of one model");
    auto& slot = order_[split.index];
    if (slot != nowhere)
      throw Malformed(ErrorCode::malformed, "",
                      "this is " + nth_of(split.index, split.count) + ", and so is '" +
                          *files_[slot].name + "'",
                      "give each file once");
    slot = at;
    const auto* architecture = files_[at].file.find("general.architecture");
    const auto* expected = files_.front().file.find("general.architecture");
    if (architecture == nullptr || expected == nullptr) return;
    const auto text = files_[at].file.text(*architecture);
    const auto wanted = files_.front().file.text(*expected);
    if (text != wanted)
      files_[at].file.fail(*architecture,
                           "a file of another model: '" +
                               std::string(text.substr(0, max_architecture)) + "' instead of '" +
                               std::string(wanted.substr(0, max_architecture)) + "'");
  }

  [[noreturn]] void fail_missing(const std::string& given, std::uint32_t index) const {
    const GgufSplit split = split_of(files_.front().file);
    const std::string ending = split_ending(split.index, split.count);
    const std::string what = nth_of(index, split.count) + " is missing";
    if (!given.ends_with(ending)) throw Malformed(ErrorCode::io, "", what, "give all files");
    throw Malformed(ErrorCode::io, "", what,
                    "expected '" + std::string(drop_suffix(given, ending)) +
                        split_ending(index, split.count) + "'");
  }

  void check_tensor_count() const {
    const auto* stated = first().find("split.tensors.count");
    if (stated == nullptr) return;
    const std::uint64_t n = first().whole_or(stated->key, 0);
    std::uint64_t held = 0;
    for (const auto& shard : files_) held += shard.file.n_tensors();
    if (held != n)
      first().fail(
          *stated,
          std::to_string(n) + " tensors are stated, but the files hold " + std::to_string(held),
          "the files may be of different models or versions");
  }

  std::vector<Shard> files_;
  std::vector<std::size_t> order_;  // by split number, an index into files_
  GgufSplit split_;
};

void refuse_companions(const GgufFile& file) {
  const auto type = file.text_or("general.type", "model");
  const auto architecture = file.text_or("general.architecture", "");
  const auto refuse = [](const char* what) {
    throw Malformed(ErrorCode::unsupported, "", std::string("this is ") + what + ", not a model",
                    "give the model that it belongs to");
  };
  if (type == "adapter" || file.find("adapter.type") != nullptr) refuse("an adapter");
  const Family* family = find_family(architecture);
  const bool projector = family != nullptr && family->load.projector;
  if (type == "mmproj" || projector) refuse("a multimodal projector");
  if (type == "imatrix") refuse("an importance matrix");
  if (architecture == "controlvector") refuse("a control vector");
}

std::string architecture_of(const GgufFile& file) {
  const auto* pair = file.find("general.architecture");
  if (pair == nullptr)
    throw Malformed(ErrorCode::missing_field, "", "the key 'general.architecture' is missing",
                    "convert the model again with a current llama.cpp");
  const auto name = file.text(*pair);
  if (name.empty() || name.size() > max_architecture)
    file.fail(*pair, "an architecture name of " + std::to_string(name.size()) + " bytes");
  if (printable(name) != name)
    file.fail(*pair, "'" + std::string(name) + "' cannot be the name of an architecture");
  return std::string(name);
}

std::string model_name(const GgufFile& file, const std::string& otherwise) {
  std::string name(file.text_or("general.name", ""));
  if (!name.empty()) return name;
  name = file.text_or("general.basename", "");
  const auto size = file.text_or("general.size_label", "");
  if (!name.empty() && !size.empty()) name.append("-").append(size);
  return name.empty() ? otherwise : name;
}

// "blk.12.attn_q.weight" becomes layer 12, "attn_q.weight", "enc.blk.12.attn_q.weight" layer 12,
// "enc.attn_q.weight"; everything else is global.
std::string split_layer(std::string_view full, std::int32_t& of) {
  constexpr std::int32_t most = 1 << 20;
  const std::size_t stack = full.starts_with("enc.") || full.starts_with("dec.") ? 4 : 0;
  if (!full.substr(stack).starts_with("blk.")) return std::string(full);
  std::int32_t layer = 0;
  const std::size_t digits = stack + 4;
  std::size_t i = digits;
  for (; i < full.size() && full[i] >= '0' && full[i] <= '9'; ++i)
    layer = std::min(most, layer * 10 + (full[i] - '0'));
  if (i == digits || i + 1 >= full.size() || full[i] != '.') return std::string(full);
  of = layer;
  return std::string(full.substr(0, stack)).append(full.substr(i + 1));
}

void refuse_twins(const Shards& shards, const std::vector<std::vector<GgufTensor>>& tensors,
                  std::string& file) {
  struct Name {
    std::string_view text;
    std::size_t shard;
    std::uint64_t at;
  };
  std::vector<Name> names;
  for (std::size_t s = 0; s < tensors.size(); ++s)
    for (const auto& tensor : tensors[s]) names.push_back({tensor.name, s, tensor.at});
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) {
    return std::tie(a.text, a.shard, a.at) < std::tie(b.text, b.shard, b.at);
  });
  const auto twin = std::adjacent_find(
      names.begin(), names.end(), [](const Name& a, const Name& b) { return a.text == b.text; });
  if (twin == names.end()) return;
  const Name& second = *(twin + 1);
  file = shards.name(second.shard);
  throw Malformed(ErrorCode::malformed, gguf_place(second.at, "tensor", second.text),
                  twin->shard == second.shard
                      ? "this tensor occurs twice"
                      : "this tensor is also in '" + shards.name(twin->shard) + "'");
}

void read_tensors(const Shards& shards, ModelInfo& model, std::string& file) {
  std::vector<std::vector<GgufTensor>> tensors;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    file = shards.name(i);
    tensors.push_back(shards.file(i).tensors());
  }
  refuse_twins(shards, tensors, file);

  const auto n_layer = static_cast<std::int64_t>(*model.hparams.n_layer);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    file = shards.name(i);
    for (const auto& stored : tensors[i]) {
      Tensor& tensor = model.tensors.emplace_back();
      tensor.name = split_layer(stored.name, tensor.layer);
      if (tensor.layer >= n_layer)
        throw Malformed(ErrorCode::malformed, gguf_place(stored.at, "tensor", stored.name),
                        "a tensor of layer " + std::to_string(tensor.layer) + " in a model of " +
                            std::to_string(n_layer) + " layers, counted from 0");
      tensor.ne = stored.ne;
      tensor.type = stored.type;
      tensor.role = role_of(tensor.name);
    }
  }
  file = shards.name(0);
}

// One cheap look at whether the keys are about these tensors.
void check_width(const ModelInfo& model) {
  const auto embd = std::find_if(model.tensors.begin(), model.tensors.end(),
                                 [](const Tensor& t) { return t.name == "token_embd.weight"; });
  const auto stated = model.hparams.n_embd;
  if (embd != model.tensors.end() && stated && embd->ne[0] != *stated)
    throw Malformed(ErrorCode::malformed, "tensor 'token_embd.weight'",
                    "rows of " + std::to_string(embd->ne[0]) + " elements, but the key '" +
                        model.architecture + ".embedding_length' says " + std::to_string(*stated));
}

std::string quant_of(const GgufFile& file, const std::vector<Tensor>& tensors) {
  const auto* stated = file.find("general.file_type");
  if (stated != nullptr) {
    const auto id = file.whole_or(stated->key, 0);
    const auto row = std::lower_bound(
        std::begin(file_types), std::end(file_types), id,
        [](const FileType& type, std::uint64_t wanted) { return type.id < wanted; });
    if (row != std::end(file_types) && row->id == id) return std::string(row->quant);
  }
  std::map<std::string_view, Bytes> held;
  for (const auto& tensor : tensors) held[tensor.type->name] += tensor_bytes(tensor, *tensor.type);
  const auto most = std::max_element(
      held.begin(), held.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return std::string(most->first);
}

ModelInfo read_model(std::span<const GgufShard> given, std::string& file) {
  if (given.empty()) throw Malformed(ErrorCode::io, "", "no file was given");
  const Shards shards(given, file);
  file = shards.name(0);
  const GgufFile& first = shards.first();
  refuse_companions(first);

  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.source = shards.name(0);
  model.architecture = architecture_of(first);
  model.name = model_name(first, shards.model_stem());
  model.hparams.architecture = model.architecture;
  model.hparams.name = model.name;
  read_hparams(first, model.hparams);
  if (!model.hparams.n_layer)
    throw Malformed(ErrorCode::missing_field, "",
                    "the key '" + model.architecture + ".block_count' is missing");

  read_tensors(shards, model, file);
  if (model.tensors.empty())
    throw Malformed(ErrorCode::missing_field, "", "there are no tensors in this file",
                    "it may hold only a vocabulary");
  check_width(model);
  const std::uint32_t n_layer = model.hparams.n_layer.value_or(0);
  model.n_params = elements_that_run(
      model, n_layer - std::min(n_layer, model.hparams.n_layer_nextn.value_or(0)));
  model.params = Provenance::exact;
  model.quant = quant_of(first, model.tensors);
  lower_layers(model);
  return model;
}

template <typename F>
auto guarded(std::string& file, F&& read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const Malformed& e) {
    return e.to_error(file);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::limit, file, "not enough memory to read this file", ""};
  } catch (const std::length_error&) {
    return Error{ErrorCode::limit, file, "not enough memory to read this file", ""};
  }
}

}  // namespace

Result<GgufSplit> gguf_split(const GgufShard& shard) {
  std::string file = shard.name;
  return guarded(file, [&] { return split_of(open(shard)); });
}

Result<ModelInfo> parse_gguf(std::span<const GgufShard> shards) {
  std::string file;
  return guarded(file, [&] { return read_model(shards, file); });
}

}  // namespace fitvram
