// The caches of real machines' logs, to the digits that they printed.
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/parse.hpp"
#include "model/layers.hpp"
#include "support/mapped_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

using Report = std::map<std::string, std::string>;

std::vector<Report> reports() {
  std::ifstream file(test::test_data("field_reports.csv"));
  std::vector<Report> all;
  std::vector<std::string> columns;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    if (columns.empty()) {
      columns = fields;
      continue;
    }
    fields.resize(columns.size());
    Report report;
    for (std::size_t i = 0; i < columns.size(); ++i) report[columns[i]] = fields[i];
    all.push_back(std::move(report));
  }
  return all;
}

ModelInfo of_facts(Hparams facts) {
  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.hparams = std::move(facts);
  lower_layers(model);
  return model;
}

Hparams deepseek2(std::uint32_t n_layer, std::uint32_t n_embd, std::uint32_t n_head) {
  Hparams h;
  h.architecture = "deepseek2";
  h.n_layer = n_layer;
  h.n_embd = n_embd;
  h.n_head = h.n_head_kv = n_head;
  h.head_dim_k = 192;
  h.head_dim_v = 128;
  h.n_rot = 64;
  h.kv_lora_rank = 512;
  return h;
}

/// Models without a fixture: the facts that their logs or files showed.
ModelInfo of_geometry(const std::string& name) {
  if (name == "deepseek-r1-old") return of_facts(deepseek2(61, 7168, 128));
  if (name == "deepseek-v2-lite-old") return of_facts(deepseek2(27, 2048, 16));
  if (name == "deepseek-v2.5") {
    auto h = deepseek2(60, 5120, 128);
    h.n_head_kv = 1;
    h.head_dim_k = 576;
    h.head_dim_v = 512;
    h.head_dim_k_mla = 192;
    h.head_dim_v_mla = 128;
    return of_facts(h);
  }
  Hparams h;
  if (name == "nemotron-ultra-253b") {
    h.architecture = "deci";
    h.n_embd = 16384;
    h.head_dim_k = h.head_dim_v = 128;
    // Runs of layers with attention and without.
    constexpr std::uint32_t runs[] = {9, 4, 5, 6, 3, 5, 4, 3, 3, 1, 1, 6, 4, 5,  4, 5, 4, 5,
                                      4, 5, 4, 2, 4, 2, 1, 8, 1, 5, 2, 1, 1, 34, 2, 1, 8};
    std::vector<std::uint32_t> heads;
    std::uint32_t kind = 8;
    for (const auto n : runs) {
      heads.insert(heads.end(), n, kind);
      kind = 8 - kind;
    }
    h.n_layer = static_cast<std::uint32_t>(heads.size());
    h.n_head_kv = heads;
    for (auto& n : heads) n *= 16;
    h.n_head = heads;
    return of_facts(h);
  }
  h.n_head = 16;
  if (name == "north-mini-code") {
    h.architecture = "cohere2moe";
    h.n_layer = 49;
    h.n_embd = 2048;
    h.n_head_kv = 4;
    h.head_dim_k = h.head_dim_v = 128;
    h.n_swa = 4096;
    return of_facts(h);
  }
  REQUIRE(name == "kat-coder-v2.5");
  h.architecture = "qwen35moe";
  h.n_layer = 41;
  h.n_layer_nextn = 1;
  h.n_embd = 2048;
  h.n_head_kv = 2;
  h.head_dim_k = h.head_dim_v = 256;
  h.ssm_conv_kernel = 4;
  h.ssm_inner_size = 4096;
  h.ssm_state_size = 128;
  h.ssm_group_count = 16;
  h.ssm_time_step_rank = 32;
  return of_facts(h);
}

ModelInfo model_of_fixture(const std::string& fixture) {
  const auto colon = fixture.find(':');
  const auto kind = fixture.substr(0, colon);
  const auto name = fixture.substr(colon + 1);
  if (kind == "geometry") return of_geometry(name);
  if (kind == "catalog") {
    const auto entries = parse_catalog(embedded_models(), "models.json");
    const auto entry = find_model(*entries, name);
    REQUIRE(entry);
    return *model_of(**entry);
  }
  if (kind == "header") {
    const auto sizes =
        nlohmann::json::parse(std::ifstream(test::test_data("headers/file_sizes.json")));
    const MappedFile file(test::test_data("headers/") + name, sizes.at(name).get<std::uint64_t>());
    const std::vector<GgufShard> shards{{name, file.bytes()}};
    const auto model = parse_gguf(shards);
    REQUIRE(model);
    return *model;
  }
  std::ifstream in(test::test_data("configs/") + name + ".json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto model = parse_hf_config(text, name);
  INFO(name << ": " << (model ? "" : model.error().message));
  REQUIRE(model);
  return *model;
}

std::uint32_t number(const Report& r, const char* column) {
  return static_cast<std::uint32_t>(std::stoul(r.at(column)));
}

Workload workload_of(const Report& r) {
  Workload w;
  w.n_ctx = number(r, "n_ctx");
  w.n_batch = std::max(w.n_batch, number(r, "n_ubatch"));
  w.n_ubatch = number(r, "n_ubatch");
  w.n_seq = number(r, "n_seq");
  w.kv_unified = number(r, "kv_unified") != 0;
  w.swa_full = number(r, "swa_full") != 0;
  w.type_k = find_tensor_type(r.at("type_k"));
  w.type_v = find_tensor_type(r.at("type_v"));
  w.flash_attn = r.at("flash_attn") == "off" ? FlashAttention::off : FlashAttention::automatic;
  w.n_rs_seq = number(r, "n_rs_seq");
  w.n_gpu_layers = number(r, "ngl");
  w.backend = "metal";  // logs count a cache without the padding that CUDA adds
  return w;
}

bool is_state(const CacheEstimate& cache) {
  return cache.role == CacheRole::conv_state || cache.role == CacheRole::recurrent_state;
}

double mib(Bytes bytes) {
  return static_cast<double>(bytes.count) / static_cast<double>(MiB.count);
}

}  // namespace

TEST_CASE("the caches of the complete field reports come out to the digits of their logs") {
  std::size_t reproduced = 0, explained = 0;
  for (const auto& r : reports()) {
    INFO("report " << r.at("report") << ": " << r.at("model"));
    if (r.at("fixture").empty()) {
      CHECK_FALSE(r.at("reason").empty());
      ++explained;
      continue;
    }
    const auto model = model_of_fixture(r.at("fixture"));
    const auto workload = workload_of(r);
    const auto memory =
        estimate(model, stored_weights(model), workload, *find_runtime("llama.cpp"));
    Bytes kv, state;
    for (const auto& cache : memory.caches) (is_state(cache) ? state : kv) += cache.bytes;
    if (number(r, "device_only") != 0) kv = memory.context.device;
    const double digit = r.at("decimals") == "0" ? 1.0 : 0.01;
    const double tolerance = digit / 2 * number(r, "figures") + 1e-9;
    CHECK(std::abs(mib(kv) - std::stod(r.at("kv_mib"))) <= tolerance);
    if (!r.at("rs_mib").empty())
      CHECK(std::abs(mib(state) - std::stod(r.at("rs_mib"))) <= tolerance);
    ++reproduced;
  }
  CHECK(reproduced == 90);
  CHECK(explained == 4);
}
