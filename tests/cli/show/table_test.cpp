#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram::test;

TEST_CASE("names lose their organisation and their escape sequences in a table") {
  auto io = small_world({"rank", "--vram", "24", "--only-catalog", "mine.json"});
  io.files["mine.json"] = R"({"models": [{"name": "some/\u001b[31mevil", "config": )" +
                          io.files["gemma/config.json"] + "}]}";
  const auto result = run(io);
  CHECK(result.out.find('\x1b') == std::string::npos);
  CHECK(result.out.find("evil") != std::string::npos);
  CHECK(result.out.find("some/") == std::string::npos);
}

TEST_CASE("a wide terminal shows whole names, a narrow one stays readable") {
  auto io = small_world({"rank", "--vram", "48", "--only-catalog", "mine.json"});
  const std::string name = "a-model-with-quite-a-long-name-27b-instruct-2507";
  io.files["mine.json"] = R"({"models": [{"name": ")" + name + R"(", "config": )" +
                          io.files["gemma/config.json"] + "}]}";
  CHECK(run(io).out.find(name) == std::string::npos);
  io.columns = 120;
  CHECK(run(io).out.find(name) != std::string::npos);
}

TEST_CASE("the table says what it leaves out") {
  const auto top =
      run_words({"rank", "--vram", "24", "--only-catalog", "catalog.json", "--top", "1"});
  CHECK(top.out.find("the 1 largest that run here; --top 0 shows all") != std::string::npos);
  const auto sorted = run_words(
      {"rank", "--vram", "24", "--only-catalog", "catalog.json", "--top", "1", "--sort", "name"});
  CHECK(sorted.out.find("1 of 2 shown (--top 0: all)") != std::string::npos);
  const auto no =
      run_words({"rank", "--vram", "24", "--only-catalog", "catalog.json", "-q", "Q8_0"});
  CHECK(no.out.find("1 of 2 do not fit (--all)") != std::string::npos);
}

TEST_CASE("fewer bits than Q4_K_M are marked and explained") {
  const auto run = run_words({"rank", "--vram", "12", "--only-catalog", "catalog.json"});
  CHECK(run.out.find("\n* fewer bits than Q4_K_M") != std::string::npos);
}

TEST_CASE("only the verdict is coloured") {
  const auto plain = run_words({"rank", "--vram", "24", "--only-catalog", "catalog.json"});
  auto painted =
      run_words({"rank", "--vram", "24", "--only-catalog", "catalog.json", "--color", "always"});
  std::string text = painted.out;
  for (const auto* const code : {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"})
    for (auto at = text.find(code); at != std::string::npos; at = text.find(code))
      text.erase(at, std::string(code).size());
  CHECK(text == plain.out);
  CHECK(painted.out != plain.out);
}

TEST_CASE("a reserve that was asked for is said once, and so is that there is none") {
  const auto table = [](const char* reserve) {
    return run_words(
               {"rank", "--vram", "24", "--only-catalog", "catalog.json", "--reserve", reserve})
        .out;
  };
  CHECK(table("1G").find("\nreserve 1.00\n") != std::string::npos);
  CHECK(table("0").find("\nno reserve\n") != std::string::npos);
}

TEST_CASE("models that cannot run as asked are counted, and the first is named") {
  const auto result = run_words(
      {"rank", "--vram", "48", "--only-catalog", "catalog.json", "-ctv", "q8_0", "-fa", "off"});
  CHECK(result.status == 1);
  CHECK(result.out.ends_with("nothing to show\n"));
  CHECK(result.err ==
        "fitvram: note: 2 models cannot run as asked, the first: google/gemma-3-27b-it: a "
        "quantized V cache (Q8_0) requires flash attention (--json names all)\n");
}
