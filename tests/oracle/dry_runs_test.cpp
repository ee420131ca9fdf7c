// Every architecture's graph, against what llama.cpp's own planner says of a made-up model of it.
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/parse.hpp"
#include "support/gguf_writer.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

struct TensorLine {
  std::vector<int> blocks;  // -1 = outside the blocks
  std::string name;
  const TensorType* type;
  std::vector<std::uint64_t> ne;
};

struct Description {
  std::string architecture;
  std::vector<std::string> keys;
  std::vector<TensorLine> tensors;
};

TensorLine tensor_line(const std::string& text) {
  std::istringstream in(text);
  std::string where, type;
  TensorLine line;
  in >> where >> line.name >> type;
  line.type = find_tensor_type(type);
  for (std::uint64_t n = 0; in >> n;) line.ne.push_back(n);
  if (where == "@-") {
    line.blocks = {-1};
  } else if (const auto colon = where.find(':'); colon != std::string::npos) {
    for (int i = std::stoi(where.substr(1)); i <= std::stoi(where.substr(colon + 1)); ++i)
      line.blocks.push_back(i);
  } else {
    std::istringstream list(where.substr(1));
    for (std::string i; std::getline(list, i, ',');) line.blocks.push_back(std::stoi(i));
  }
  return line;
}

std::map<std::string, Description> descriptions() {
  std::map<std::string, Description> all;
  Description* current = nullptr;
  std::ifstream file(test::test_data("dry_run_models.txt"));
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '=') {
      std::istringstream in(line.substr(1));
      std::string name, architecture;
      in >> name >> architecture;
      current = &all[name];
      current->architecture = architecture;
    } else if (line[0] == '@') {
      current->tensors.push_back(tensor_line(line));
    } else {
      current->keys.push_back(line);
    }
  }
  return all;
}

/// "enc.attn_q.weight" of block 3 is "enc.blk.3.attn_q.weight".
std::string name_in(int block, const std::string& name) {
  if (block < 0) return name;
  const std::size_t stack = name.starts_with("enc.") || name.starts_with("dec.") ? 4 : 0;
  return name.substr(0, stack) + "blk." + std::to_string(block) + "." + name.substr(stack);
}

ModelInfo model_of(const Description& description) {
  test::GgufWriter writer;
  writer.text("general.architecture", description.architecture);
  for (const auto& line : description.keys) {
    std::istringstream in(line);
    std::string key, kind;
    in >> key >> kind;
    key = description.architecture + "." + key;
    if (kind == "whole") {
      std::uint32_t value = 0;
      in >> value;
      writer.u32(key, value);
    } else if (kind == "flag") {
      int value = 0;
      in >> value;
      writer.boolean(key, value != 0);
    } else if (kind == "real") {
      float value = 0;
      in >> value;
      writer.f32(key, value);
    } else {
      std::vector<std::uint32_t> values;
      for (std::uint32_t n = 0; in >> n;) values.push_back(n);
      writer.u32s(key, values);
    }
  }
  std::uint64_t offset = 0;
  for (const auto& tensor : description.tensors) {
    std::uint64_t rows = 1;
    for (std::size_t i = 1; i < tensor.ne.size(); ++i) rows *= tensor.ne[i];
    for (const int block : tensor.blocks) {
      writer.describe(name_in(block, tensor.name), static_cast<std::uint32_t>(tensor.ne.size()),
                      tensor.ne, static_cast<std::uint32_t>(tensor.type->ggml_id), offset);
      offset += round_up((row_bytes(*tensor.type, tensor.ne[0]) * rows).count, 32);
    }
  }
  const auto header = writer.header();
  const test::InflatedFile file(header, round_up(header.size(), 32) + offset);
  const std::vector<GgufShard> shards{{"model.gguf", file.bytes()}};
  auto model = parse_gguf(shards);
  if (!model) throw std::runtime_error(model.error().where + ": " + model.error().message);
  return std::move(*model);
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace

TEST_CASE("HIP compiles ggml-cuda, so every architecture takes the same under ROCm as under CUDA") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  for (const auto& [name, description] : descriptions()) {
    const ModelInfo model = model_of(description);
    for (const char* type : {"F16", "Q8_0", "IQ4_NL"})
      for (const std::uint32_t n_gpu_layers : {999U, 3U}) {
        Workload w;
        w.type_k = w.type_v = find_tensor_type(type);
        w.n_gpu_layers = n_gpu_layers;
        const MemoryEstimate cuda = estimate(model, stored_weights(model), w, runtime);
        w.backend = "rocm";
        const MemoryEstimate rocm = estimate(model, stored_weights(model), w, runtime);
        INFO(name << " " << type << " -ngl " << n_gpu_layers);
        CHECK(rocm.model.device == cuda.model.device);
        CHECK(rocm.context.device == cuda.context.device);
        CHECK(rocm.compute.device == cuda.compute.device);
        CHECK(rocm.compute.host == cuda.compute.host);
      }
  }
}

TEST_CASE("Gemma 3n has per-layer inputs of 256 values, whether its file says so or not") {
  auto described = descriptions().at("gemma3n-dense");
  const ModelInfo said = model_of(described);
  REQUIRE(std::erase(described.keys, "embedding_length_per_layer_input whole 256") == 1);
  const ModelInfo silent = model_of(described);
  CHECK(silent.hparams.n_embd_per_layer == 256);
  const Runtime& runtime = *find_runtime("llama.cpp");
  CHECK(estimate(silent, stored_weights(silent), {}, runtime).compute.device ==
        estimate(said, stored_weights(said), {}, runtime).compute.device);
}

TEST_CASE("every architecture's buffers equal those of llama.cpp's dry runs") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  std::map<std::string, ModelInfo> models;
  for (const auto& [name, description] : descriptions())
    models.emplace(name, model_of(description));
  std::ifstream file(test::test_data("dry_runs.csv"));
  std::size_t n = 0, exact = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("model,")) continue;
    const auto row = fields(line);
    const ModelInfo& model = models.at(row[0]);
    const auto number = [&](std::size_t i) {
      return static_cast<std::uint32_t>(std::stoul(row[i]));
    };
    Workload w;
    w.backend = row[1] == "cpu" ? "cpu" : "cuda";
    w.n_ctx = number(2), w.n_seq = number(3), w.n_gpu_layers = number(4);
    w.flash_attn = row[5] == "off" ? FlashAttention::off : FlashAttention::automatic;
    w.type_k = w.type_v = find_tensor_type(row[6]);
    w.n_outputs = number(7);
    const MemoryEstimate memory = estimate(model, stored_weights(model), w, runtime);
    INFO(line);
    if (w.backend != "cpu") {
      CHECK(memory.model.device.count == std::stoull(row[8]));
      CHECK(memory.model.host.count == std::stoull(row[9]));
    }
    CHECK(memory.context.device.count == std::stoull(row[10]));
    CHECK(memory.context.host.count == std::stoull(row[11]));
    const auto near = [](Bytes ours, std::uint64_t theirs) {
      const std::uint64_t off = std::max(ours.count, theirs) - std::min(ours.count, theirs);
      return off * 100 <= theirs;
    };
    const std::uint64_t device = std::stoull(row[12]), host = std::stoull(row[13]);
    INFO(fmt::format("compute {} {}", memory.compute.device.count, memory.compute.host.count));
    CHECK(near(memory.compute.device, device));
    CHECK(near(memory.compute.host, host));
    exact += memory.compute.device.count == device && memory.compute.host.count == host;
    ++n;
  }
  INFO(fmt::format("{} of {} exact", exact, n));
  CHECK(n > 600);
  CHECK(exact * 100 >= n * 99);
}
