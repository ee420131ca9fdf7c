#include "base/text.hpp"

#include "catch.hpp"

using namespace fitvram;

TEST_CASE("sizes of memory are read in every common spelling, always binary") {
  for (const char* text : {"24GiB", "24G", "24GB", "24g", "24 GiB", "24gb", "24Gi", "24", " 24 ",
                           "25769803776", "25769803776 B", "24576M", "24.0", "0.0234375T"}) {
    CAPTURE(text);
    CHECK(parse_bytes(text) == 24 * GiB);
  }
  CHECK(parse_bytes("1.5G") == 1536 * MiB);
  CHECK(parse_bytes("512M") == 512 * MiB);
  CHECK(parse_bytes("512MiB") == 512 * MiB);
  CHECK(parse_bytes("64k") == 64 * KiB);
  CHECK(parse_bytes("0") == Bytes{});
  CHECK(parse_bytes("0 B") == Bytes{});
  CHECK(parse_bytes(".5G") == 512 * MiB);
  CHECK(parse_bytes("4096") == 4096 * GiB);
  CHECK(parse_bytes("4097") == Bytes{4097});
  CHECK(parse_bytes("23.99GiB") == Bytes{25759066357});
  CHECK(parse_bytes("18446744073709551615") == Bytes{UINT64_MAX});
}

TEST_CASE("what is not a size of memory is refused") {
  for (const char* text : {"",          " ",
                           "-1",        "+1",
                           "junk",      "nan",
                           "inf",       "1e9",
                           "G",         "1.",
                           ".G",        "1..5G",
                           "1.5.5",     "24XB",
                           "24GG",      "24bb",
                           "24bib",     "24 G iB",
                           "0x10",      "1,5G",
                           "4096.5",    "5000.5",
                           "1.5B",      "18446744073709551616",
                           "16777216T", "99999999999999999999G",
                           "\xC2\xBDG"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("decimals of any length are exact") {
  CHECK(parse_bytes("0.000000000931322574615478515625G") == Bytes{1});
  CHECK(parse_bytes("0.000000000931322574615478515624G") == Bytes{0});
  CHECK(parse_bytes("1." + std::string(100'000, '9') + "G") == 2 * GiB - Bytes{1});
  CHECK(parse_params("1.23456789012345e9") == 1'234'567'890);
}

TEST_CASE("counts of tokens are read, with binary suffixes") {
  CHECK(parse_tokens("8192") == 8192);
  CHECK(parse_tokens("8k") == 8192);
  CHECK(parse_tokens("128K") == 131072);
  CHECK(parse_tokens("1m") == 1048576);
  CHECK(parse_tokens("1.5k") == 1536);
  CHECK(parse_tokens(" 8 k ") == 8192);
  CHECK(parse_tokens("0") == 0);
  for (const char* text :
       {"", "k", "-1", "1.5", "8kb", "8g", "8k8", "one", "1e3", "18446744073709551615k"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_tokens(text));
  }
}

TEST_CASE("counts of parameters are read, with decimal suffixes and exponents") {
  for (const char* text : {"27B", "27b", "27e9", "27E9", "27e+9", "2.7e10", "27000M", "27000000000",
                           "0.027T", "27 B", "27g"}) {
    CAPTURE(text);
    CHECK(parse_params(text) == 27'000'000'000);
  }
  CHECK(parse_params("0.6B") == 600'000'000);
  CHECK(parse_params("135M") == 135'000'000);
  CHECK(parse_params("1e18") == 1'000'000'000'000'000'000);
  for (const char* text : {"", "B", "0", "0B", "-7B", "7BB", "7e", "7e-3", "7e19", "19e18", "7e9B",
                           "1.5", "1.5e0", "27B-A3B", "nan", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_params(text));
  }
}

TEST_CASE("sizes are printed for people") {
  CHECK(format_bytes(Bytes{}) == "0 B");
  CHECK(format_bytes(Bytes{1023}) == "1023 B");
  CHECK(format_bytes(KiB) == "1 KiB");
  CHECK(format_bytes(Bytes{1536}) == "1.5 KiB");
  CHECK(format_bytes(512 * MiB) == "512 MiB");
  CHECK(format_bytes(512 * MiB + 100 * KiB) == "512.1 MiB");
  CHECK(format_bytes(24564 * MiB) == "23.99 GiB");
  CHECK(format_bytes(24 * GiB) == "24.00 GiB");
  CHECK(format_bytes(GiB + 51 * MiB) == "1.05 GiB");
  CHECK(format_bytes(MiB - Bytes{1}) == "1 MiB");
  CHECK(format_bytes(GiB - Bytes{1}) == "1.00 GiB");
  CHECK(format_bytes(2 * GiB - Bytes{1}) == "2.00 GiB");
  CHECK(format_bytes(Bytes{UINT64_MAX}) == "17179869184.00 GiB");
}

TEST_CASE("a printed size reads back to within its last digit") {
  std::uint64_t n = 1;
  for (int i = 0; i < 2000; ++i) {
    n = n * 6364136223846793005U + 1442695040888963407U;
    const Bytes bytes{n >> (i % 40 + 20)};
    const auto back = parse_bytes(format_bytes(bytes));
    CAPTURE(bytes.count, format_bytes(bytes));
    REQUIRE(back);
    const std::uint64_t step = bytes < KiB   ? 0
                               : bytes < MiB ? 103
                               : bytes < GiB ? 104858
                                             : 10737419;
    CHECK((*back - bytes) + (bytes - *back) <= Bytes{step});
  }
}

TEST_CASE("larger sizes never print as smaller ones") {
  const auto value = [](Bytes bytes) { return *parse_bytes(format_bytes(bytes)); };
  for (const Bytes edge : {KiB, MiB, GiB, 10 * GiB}) {
    for (std::uint64_t i = 0; i < 200; ++i) {
      const Bytes smaller = edge - Bytes{100} + Bytes{i};
      CHECK(value(smaller) <= value(smaller + Bytes{1}));
    }
  }
}

TEST_CASE("counts are printed with three digits") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1000) == "1.00 K");
  CHECK(format_count(134'515'008) == "135 M");
  CHECK(format_count(999'600'000) == "1.00 B");
  CHECK(format_count(8'030'261'248) == "8.03 B");
  CHECK(format_count(27'432'406'640) == "27.4 B");
  CHECK(format_count(1'026'408'235'864) == "1.03 T");
  CHECK(format_count(UINT64_MAX) == "18447 P");
}

TEST_CASE("names fold to one spelling") {
  CHECK(lower_case("RTX 4090 \xC3\x84") == "rtx 4090 \xC3\x84");
  CHECK(fold_name("Qwen/Qwen3.6_27B") == "qwen-qwen3-6-27b");
  CHECK(fold_name("a - _ ./b") == "a-b");
  CHECK(fold_name(fold_name(" a..b ")) == fold_name(" a..b "));
  CHECK(fold_name("").empty());
}

TEST_CASE("the distance of words counts swaps as one") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abcd", "abdc") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("q4_k_m", "q4_k_s") == 1);
  for (const char* a : {"", "a", "abba", "4090", "rtx"}) {
    CHECK(edit_distance(a, a) == 0);
    for (const char* b : {"", "b", "baab", "4900"})
      CHECK(edit_distance(a, b) == edit_distance(b, a));
  }
}

TEST_CASE("the closest candidate is a likely typo or nothing") {
  const std::string_view names[] = {"q4_0", "q4_1", "q8_0", "bf16", "f16", "Vulkan"};
  CHECK(closest("q8_O", names) == "q8_0");
  CHECK(closest("bf61", names) == "bf16");
  CHECK(closest("VULCAN", names) == "Vulkan");
  CHECK(closest("f16", names) == "f16");
  CHECK(closest("f1", names) == "f16");
  CHECK(closest("int4", names).empty());
  CHECK(closest("", names).empty());
  CHECK(closest("x", {}).empty());
  CHECK(closest(std::string(100'000, 'q'), names).empty());
}

TEST_CASE("JSON for a terminal keeps every character, the controls in escapes") {
  CHECK(printable_json("{\n  \"a\": \"\xC3\xA9\x7f\xC2\x9B\xE2\x80\xAE\xEF\xBB\xBF\"}") ==
        "{\n  \"a\": \"\xC3\xA9\\u007f\\u009b\\u202e\\ufeff\"}");
  CHECK(printable_json("") == "");
}

TEST_CASE("text for a terminal holds no control characters and no broken UTF-8") {
  CHECK(printable("plain \xC3\xA9 \xE2\x9C\x93 \xF0\x9F\xA6\x99") ==
        "plain \xC3\xA9 \xE2\x9C\x93 \xF0\x9F\xA6\x99");
  CHECK(printable("a\x1b[31mb\n\t\r\x7f") == "a?[31mb????");
  CHECK(printable(std::string_view{"\0a", 2}) == "?a");
  CHECK(printable("\xC2\x9B") == "?");
  CHECK(printable("\xE2\x80\xAE") == "?");
  CHECK(printable("\xFF") == "\xEF\xBF\xBD");
  CHECK(printable("\xC3") == "\xEF\xBF\xBD");
  CHECK(printable("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(printable("\xED\xA0\x80").find('\xED') == std::string::npos);
  CHECK(printable("\xF5\x80\x80\x80").find('\xF5') == std::string::npos);
  CHECK(printable("\xE0\x80\xAF").find('\xE0') == std::string::npos);
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = printable(std::string(1, static_cast<char>(byte)));
    CHECK(printable(text) == text);
  }
}
