// Configs written from each model's publication against the parameters its checkpoint has by the
// Hub's safetensors metadata. `beyond` is what that count holds besides the weights of the language
// model (negative: leaves out), with the reason.
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("a config gives the published parameters, family by family") {
  const auto rows = nlohmann::json::parse(std::ifstream(test_data("published_totals.json")));
  CHECK(rows.size() >= 50);
  for (const auto& row : rows) {
    const auto name = row.at("name").get<std::string>();
    CAPTURE(name);
    const ModelInfo model = checked(parse_hf_config(row.at("config").dump(), name));
    const auto beyond = row.value("beyond", std::int64_t{0});
    CHECK(static_cast<std::int64_t>(model.n_params) + beyond ==
          row.at("published").get<std::int64_t>());
    CHECK(model.params == Provenance::derived);
    CHECK(row.contains("why") == (beyond != 0));
  }
}
