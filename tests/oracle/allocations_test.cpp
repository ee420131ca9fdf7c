// Every allocation recorded from the real llama.cpp, against the estimate of the same settings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/parse.hpp"
#include "pricing/rules.hpp"
#include "support/mapped_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

using Row = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<Row> recorded_rows() {
  std::ifstream file(test::test_data("llama_cpp_allocations.csv"));
  std::vector<Row> rows;
  std::vector<std::string> columns;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto fields = split(line, ',');
    if (columns.empty()) {
      columns = fields;
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < columns.size(); ++i)
      row[columns[i]] = i < fields.size() ? fields[i] : "";
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t number(const Row& row, const char* column) { return std::stoull(row.at(column)); }

const ModelInfo& recorded_model(const std::string& name) {
  static std::map<std::string, ModelInfo> models;
  static const auto sizes =
      nlohmann::json::parse(std::ifstream(test::test_data("headers/file_sizes.json")));
  if (const auto it = models.find(name); it != models.end()) return it->second;
  const MappedFile file(test::test_data("headers/") + name, sizes.at(name).get<std::uint64_t>());
  const std::vector<GgufShard> shards{{name, file.bytes()}};
  auto model = parse_gguf(shards);
  if (!model) throw std::runtime_error(model.error().where + ": " + model.error().message);
  return models.emplace(name, std::move(*model)).first->second;
}

Workload workload_of(const Row& row, const ModelInfo& model) {
  Workload w;
  w.n_ctx = number(row, "ctx") != 0 ? number(row, "ctx") : model.n_ctx_train;
  w.n_seq = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, number(row, "parallel")));
  w.kv_unified = number(row, "kv_unified") != 0;
  w.n_batch = static_cast<std::uint32_t>(number(row, "batch"));
  w.n_ubatch = static_cast<std::uint32_t>(number(row, "ubatch"));
  w.type_k = find_tensor_type(row.at("ctk"));
  w.type_v = find_tensor_type(row.at("ctv"));
  w.flash_attn = row.at("fa") == "on"    ? FlashAttention::on
                 : row.at("fa") == "off" ? FlashAttention::off
                                         : FlashAttention::automatic;
  w.swa_full = number(row, "swa_full") != 0;
  w.offload_kqv = number(row, "offload_kqv") != 0;
  w.n_gpu_layers = static_cast<std::uint32_t>(number(row, "ngl"));
  w.n_rs_seq = static_cast<std::uint32_t>(number(row, "rs_seq"));
  w.n_outputs = static_cast<std::uint32_t>(number(row, "outputs"));
  w.backend = row.at("device") == "cpu" ? "cpu" : row.at("device") == "cuda" ? "cuda" : "vulkan";
  return w;
}

std::string label(const Row& row) {
  return fmt::format(
      "{} {} ngl {} ctx {} ub {} np {} {}/{} fa {} kvu {} swa_full {} offload {} rs {}",
      row.at("gguf"), row.at("device"), row.at("ngl"), row.at("ctx"), row.at("ubatch"),
      row.at("parallel"), row.at("ctk"), row.at("ctv"), row.at("fa"), row.at("kv_unified"),
      row.at("swa_full"), row.at("offload_kqv"), row.at("rs_seq"));
}

/// Recorded caches as "cells -> bytes" sums per kind of ours.
std::map<std::string, std::uint64_t> recorded_caches(const Row& row) {
  std::map<std::string, std::uint64_t> sums;
  for (const auto& cache : split(row.at("caches"), ' ')) {
    const auto parts = split(cache, ':');
    const std::uint64_t bytes = std::stoull(parts[2]);
    const std::string& kind = parts[0];
    const bool state = kind == "recurrent" || kind == "compressor_state";
    if (bytes != 0)
      sums[(state                  ? "state"
            : kind == "kv_indexer" ? "indexer"
                                   : "kv") +
           (state ? "" : ":" + parts[1])] += bytes;
  }
  return sums;
}

std::map<std::string, std::uint64_t> our_caches(const MemoryEstimate& memory) {
  std::map<std::string, std::uint64_t> sums;
  for (const auto& cache : memory.caches) {
    const bool state = cache.growth == Growth::constant;
    const std::string role = cache.role == CacheRole::indexer ? "indexer" : "kv";
    if (cache.bytes.count != 0)
      sums[state ? "state" : role + ":" + std::to_string(cache.cells)] += cache.bytes.count;
  }
  return sums;
}

}  // namespace

TEST_CASE("context sizes and bytes equal every recorded allocation, cache by cache") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  std::size_t n = 0;
  for (const auto& row : recorded_rows()) {
    const ModelInfo& model = recorded_model(row.at("gguf"));
    const Workload workload = workload_of(row, model);
    const MemoryEstimate memory = estimate(model, stored_weights(model), workload, runtime);
    INFO(label(row));
    REQUIRE(memory.n_ctx == number(row, "n_ctx"));
    REQUIRE(memory.n_ctx_seq == number(row, "n_ctx_seq"));
    REQUIRE(our_caches(memory) == recorded_caches(row));
    REQUIRE(memory.context.device.count == number(row, "gpu_context"));
    REQUIRE(memory.context.host.count == number(row, "host_context"));
    REQUIRE_FALSE(refusal(model, workload, runtime).has_value());
    ++n;
  }
  CHECK(n == 5735);
}

TEST_CASE("model bytes equal every recorded allocation but Vulkan's documented fall-backs") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  for (const auto& row : recorded_rows()) {
    // Vulkan cannot run Mamba-1's ssm_a and leaves it on the host.
    if (row.at("device") == "vulkan" && row.at("gguf").rfind("jamba", 0) == 0) continue;
    const ModelInfo& model = recorded_model(row.at("gguf"));
    const Placement placed =
        model_bytes(model, stored_weights(model), workload_of(row, model), runtime);
    INFO(label(row));
    REQUIRE(placed.device.count == number(row, "gpu_model"));
    REQUIRE(placed.host.count == number(row, "host_model"));
  }
}

namespace {

struct Quality {
  std::vector<double> errors;  // signed, relative

  double quantile(double q) const {
    std::vector<double> sizes;
    for (const double e : errors) sizes.push_back(std::abs(e));
    std::sort(sizes.begin(), sizes.end());
    const auto i = static_cast<std::size_t>(q * static_cast<double>(sizes.size()));
    return sizes.empty() ? 0.0 : sizes[std::min(i, sizes.size() - 1)];
  }
  double share(bool (*counts)(double)) const {
    if (errors.empty()) return 0.0;
    const auto n = std::count_if(errors.begin(), errors.end(), counts);
    return static_cast<double>(n) / static_cast<double>(errors.size());
  }
  double near() const {
    return share([](double e) { return std::abs(e) <= 0.001; });
  }
  double low() const {
    return share([](double e) { return e < -0.05; });
  }
};

void print(const std::string& name, const Quality& q) {
  std::string line = name;
  line.resize(36, ' ');
  line += fmt::format(
      "{:5} rows  near {:6.2f} %  median {:6.2f} %  p90 {:6.2f} %  p99 {:6.2f} %  low {:5.2f} %",
      q.errors.size(), 100 * q.near(), 100 * q.quantile(0.5), 100 * q.quantile(0.9),
      100 * q.quantile(0.99), 100 * q.low());
  WARN(line);
}

double error(std::uint64_t ours, std::uint64_t recorded) {
  if (recorded == 0) return ours == 0 ? 0.0 : 1.0;
  return static_cast<double>(ours) / static_cast<double>(recorded) - 1.0;
}

}  // namespace

// Near = within 0.1 %; low = more than 5 % too small. The floors are what was reached when they
// were written: a change may raise them and nothing else.
TEST_CASE("compute buffers equal the recorded ones, family by family") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  std::map<std::string, Quality> table;
  for (const auto& row : recorded_rows()) {
    const ModelInfo& model = recorded_model(row.at("gguf"));
    const Workload workload = workload_of(row, model);
    const std::string& device = row.at("device");
    const bool flash = row.at("flash_attn") == "1";
    const Placement compute = runtime.rules->compute(model, {}, workload);
    const std::uint64_t on_device = compute.device.count;
    const std::uint64_t on_host = compute.host.count;
    const double host = error(on_host, number(row, "host_compute"));
    if (device == "cpu") {
      table["cpu"].errors.push_back(host);
      continue;
    }
    const double e = error(on_device, number(row, "gpu_compute"));
    const bool partial = workload.n_gpu_layers < 90 || !workload.offload_kqv;
    const std::string way = partial ? "partly offloaded" : flash ? "flash" : "no flash";
    table[device + ", " + way].errors.push_back(e);
    table[device + ", host part"].errors.push_back(host);
    const std::uint64_t model_and_context = number(row, "gpu_model") + number(row, "gpu_context");
    const double whole =
        error(model_and_context + on_device, model_and_context + number(row, "gpu_compute"));
    table[device + ", whole device"].errors.push_back(whole);
    if (flash) table[device + ", flash, whole device"].errors.push_back(whole);
    if (device != "cuda" || !flash || partial) continue;
    const bool plain =
        model.hparams.n_expert.value_or(0) == 0 &&
        std::all_of(model.layers.begin(), model.layers.end(), [](const Layer& layer) {
          return layer.kind == LayerKind::attention || layer.kind == LayerKind::sliding;
        });
    if (plain && number(row, "outputs") != 0)
      table["cuda, flash, dense, few outputs"].errors.push_back(e);
  }
  for (const auto& [name, quality] : table) print(name, quality);

  const Quality& dense = table.at("cuda, flash, dense, few outputs");
  REQUIRE(dense.errors.size() > 350);
  REQUIRE(dense.near() == 1.0);
  const Quality& cuda = table.at("cuda, flash");
  REQUIRE(cuda.errors.size() > 2200);
  REQUIRE(cuda.near() == 1.0);
  REQUIRE(table.at("cuda, no flash").near() == 1.0);
  REQUIRE(table.at("cuda, partly offloaded").near() == 1.0);
  REQUIRE(table.at("cuda, host part").near() == 1.0);
  const Quality& whole = table.at("cuda, flash, whole device");
  REQUIRE(whole.errors.size() > 2400);
  REQUIRE(whole.near() == 1.0);
  REQUIRE(table.at("cuda, whole device").near() == 1.0);
  REQUIRE(table.at("cpu").near() == 1.0);
}
