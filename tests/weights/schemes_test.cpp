#include <set>

#include "catch.hpp"
#include "fitvram/quantize.hpp"

using namespace fitvram;

TEST_CASE("every method and every format has its rows") {
  for (const char* name :
       {"GPTQ-4",   "GPTQ-4-G32", "AWQ-4",     "W4A16",      "W8A8",       "INT8",
        "NF4",      "NF4-DQ",     "FP8",       "MXFP4",      "NVFP4",      "FP8-BLOCK",
        "EXL2-4.0", "EXL3-3.0",   "MLX-2",     "MLX-3",      "MLX-4",      "MLX-5",
        "MLX-6",    "MLX-8",      "MLX-4-G32", "MLX-4-G128", "FP8-CHANNEL"}) {
    CAPTURE(name);
    REQUIRE(find_scheme(name) != nullptr);
    CHECK(find_scheme(name)->name == name);
    CHECK(find_scheme(name)->family != SchemeFamily::gguf);
    CHECK_FALSE(find_scheme(name)->packings.empty());
  }
}

TEST_CASE("only GGUF rows are chosen automatically, and they have no packing") {
  for (const auto& scheme : schemes()) {
    CAPTURE(scheme.name);
    CHECK(scheme.packings.empty() == (scheme.family == SchemeFamily::gguf));
    if (scheme.ladder) CHECK(scheme.family == SchemeFamily::gguf);
    CHECK_FALSE(scheme.about.empty());
  }
}

TEST_CASE("short names stand for the usual row") {
  CHECK(find_scheme("awq")->name == "AWQ-4");
  CHECK(find_scheme("gptq")->name == "GPTQ-4");
  CHECK(find_scheme("mlx-4bit")->name == "MLX-4");
  CHECK(find_scheme("mxfp4")->family == SchemeFamily::safetensors);
  CHECK(find_scheme("mlx-7") == nullptr);
}
