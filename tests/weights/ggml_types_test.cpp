#include "catch.hpp"
#include "fitvram/tensor.hpp"

using namespace fitvram;

TEST_CASE("tensor types are found by name in any case and by their GGUF number") {
  REQUIRE(find_tensor_type("q8_0") != nullptr);
  CHECK(find_tensor_type("q8_0")->name == "Q8_0");
  CHECK(find_tensor_type("iq4_NL") == find_tensor_type(20U));
  CHECK(find_tensor_type(12U) == find_tensor_type("Q4_K"));
  CHECK(find_tensor_type(30U) == find_tensor_type("bf16"));
  CHECK(find_tensor_type(39U) == find_tensor_type("mxfp4"));
}

TEST_CASE("unknown and removed tensor types are not found") {
  CHECK(find_tensor_type("") == nullptr);
  CHECK(find_tensor_type("Q4_2") == nullptr);
  for (const std::uint32_t removed : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U})
    CHECK(find_tensor_type(removed) == nullptr);
  CHECK(find_tensor_type(43U) == nullptr);
  CHECK(find_tensor_type(0xFFFFFFFFU) == nullptr);
}

TEST_CASE("every GGUF type has its number once") {
  std::size_t n = 0;
  for (const auto& type : tensor_types()) {
    if (type.ggml_id < 0) continue;
    ++n;
    CHECK(find_tensor_type(static_cast<std::uint32_t>(type.ggml_id)) == &type);
  }
  CHECK(n == 35);
}

TEST_CASE("rows take whole blocks of bytes") {
  CHECK(row_bytes(*find_tensor_type("Q4_K"), 4096) == Bytes{2304});
  CHECK(row_bytes(*find_tensor_type("Q6_K"), 14336) == Bytes{11760});
  CHECK(row_bytes(*find_tensor_type("Q8_0"), 896) == Bytes{952});
  CHECK(row_bytes(*find_tensor_type("MXFP4"), 2880) == Bytes{1530});
  CHECK(row_bytes(*find_tensor_type("NVFP4"), 64) == Bytes{36});
  CHECK(row_bytes(*find_tensor_type("BF16"), 7) == Bytes{14});
}

TEST_CASE("cache types are llama.cpp's and the one-byte and n-bit types of other runtimes") {
  std::string names;
  for (const auto& type : tensor_types())
    if (type.cache) names += std::string(type.name) + " ";
  CHECK(names == "BF16 F16 F32 FP8 INT8 IQ4_NL Q2 Q3 Q4 Q4_0 Q4_1 Q5 Q5_0 Q5_1 Q6 Q7 Q8 Q8_0 ");
}
