#include "cli/app.hpp"

#include <algorithm>

#include "catch.hpp"
#include "cli/show/formats.hpp"
#include "support/fake_io.hpp"
#include "support/shell.hpp"

using namespace fitvram::test;
using fitvram::cli::formats;

namespace {

const std::string binary = program();

/// Where a terminal would be told something: all controls but the ends of lines, and the marks that
/// turn text around.
std::size_t first_control(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool line_end = byte == '\n' || (byte == '\r' && text[i + 1] == '\n');
    if ((byte < 0x20 && !line_end) || byte == 0x7F) return i;
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return i;
    if (text.compare(i, 3, "\xE2\x80\xAE") == 0) return i;
  }
  return std::string::npos;
}

}  // namespace

TEST_CASE("llama.cpp's single-dash options mean what they mean there") {
  const auto shorts = run_words({"estimate", "tiny.gguf", "-c", "2k",   "-ctk", "q8_0",  "-ctv",
                                 "q8_0",     "-np",       "2",  "-kvu", "-b",   "1024",  "-ub",
                                 "256",      "-fa",       "on", "-ngl", "1",    "-nkvo", "--json"});
  const auto longs = run_words({"estimate", "tiny.gguf", "--ctx-size=2048", "--cache-type-k=q8_0",
                                "--cache-type-v=q8_0", "--parallel=2", "--kv-unified",
                                "--batch-size=1024", "--ubatch-size=256", "--flash-attn=on",
                                "--n-gpu-layers=1", "--no-kv-offload", "--format=json"});
  CHECK(shorts.status == 0);
  CHECK(shorts.out == longs.out);
  CHECK(shorts.out.find("\"n_ubatch\": 256") != std::string::npos);
  CHECK(shorts.out.find("\"cache_type_v\": \"q8_0\"") != std::string::npos);
}

TEST_CASE("the option --kv-type sets both cache types and the special options override it") {
  const auto run =
      run_words({"estimate", "tiny.gguf", "-ctv", "f16", "--kv-type", "q8_0", "--json"});
  CHECK(run.out.find("\"cache_type_k\": \"q8_0\"") != std::string::npos);
  CHECK(run.out.find("\"cache_type_v\": \"f16\"") != std::string::npos);
}

TEST_CASE("the last of a repeated option counts") {
  const auto twice = run_words({"estimate", "tiny.gguf", "-c", "1k", "-c", "2k", "--json"});
  CHECK(twice.out == run_words({"estimate", "tiny.gguf", "-c", "2k", "--json"}).out);
}

TEST_CASE("after two dashes everything is a model") {
  const auto run = run_words({"estimate", "--", "--json"});
  CHECK(run.status == 3);
  CHECK(run.err.find("no model of the catalogue is called '--json'") != std::string::npos);
}

TEST_CASE("exit codes tell what happened") {
  CHECK(run_words({"estimate", "tiny.gguf", "--vram", "24"}).status == 0);
  CHECK(run_words({"estimate", "tiny.gguf", "--vram", "1M"}).status == 1);
  CHECK(run_words({"rank", "tiny.gguf", "--vram", "1M"}).status == 1);
  CHECK(run_words({"estimate", "tiny.gguf", "--nosuch"}).status == 2);
  CHECK(run_words({"estimate", "nosuch.gguf"}).status == 3);
}

TEST_CASE("an input that fails does not hide the others") {
  const auto run = run_words({"estimate", "page.json", "tiny.gguf", "--json"});
  CHECK(run.status == 3);
  CHECK(run.out.find("\"name\": \"tiny\"") != std::string::npos);
  CHECK(run.out.find("\"code\": \"not-a-model\"") != std::string::npos);
  CHECK(run.err.find("fitvram: error: page.json") == 0);
}

TEST_CASE("colours stand in tables on a terminal and nowhere else") {
  const std::vector<std::string> args = {"estimate", "tiny.gguf", "--vram", "24"};
  auto io = small_world(args);
  io.terminal = true;
  io.columns = 80;
  CHECK(run(io).out.find("\x1b[32mfits\x1b[0m") != std::string::npos);
  auto tight = io;
  tight.words.back() = "1";
  CHECK(run(tight).out.find("\x1b[33mtight\x1b[0m") != std::string::npos);
  auto never = io;
  never.words.insert(never.words.end(), {"--color", "never"});
  CHECK(run(never).out.find('\x1b') == std::string::npos);
  auto plain = io;
  plain.environment["NO_COLOR"] = "1";
  CHECK(run(plain).out.find('\x1b') == std::string::npos);
  auto dumb = io;
  dumb.environment["TERM"] = "dumb";
  CHECK(run(dumb).out.find('\x1b') == std::string::npos);
  auto json = io;
  json.words.emplace_back("--json");
  CHECK(run(json).out == run_words({"estimate", "tiny.gguf", "--vram", "24", "--json"}).out);
  CHECK(run_words({"estimate", "tiny.gguf", "--vram", "24"}).out.find('\x1b') == std::string::npos);
  CHECK(
      run_words({"rank", "tiny.gguf", "--vram", "24", "--color", "always"}).out.find("\x1b[32m") !=
      std::string::npos);
}

TEST_CASE("machine formats are the same bytes on a terminal and in a pipe") {
  const std::vector<std::vector<std::string>> commands = {
      {"estimate", "tiny.gguf", "--vram", "24"},
      {"rank", "tiny.gguf", "--vram", "24"},
      {"plan", "tiny.gguf", "--only-gpus", "cards.json"},
      {"show", "tiny.gguf"},
      {"check", "checks.json"},
      {"compare-log", "server.log"},
      {"list", "quants"}};
  for (auto command : commands)
    for (const auto* const format : {"json", "ndjson", "csv", "markdown", "junit", "github"}) {
      if (command[0] != "check" && std::string(format).size() > 4 && format[0] != 'm' &&
          format[0] != 'n')
        continue;
      command.insert(command.end(), {"--format", format});
      auto io = small_world(command);
      io.terminal = true;
      io.columns = 200;
      INFO(command[0] << " " << format);
      CHECK(run(io).out == run_words(command).out);
    }
}

TEST_CASE("no name can reach the terminal with an escape sequence in it, in any format") {
  auto world = small_world();
  auto gguf = tiny_gguf();
  gguf.replace(gguf.find("tiny"), 4, "\x1b[2J");
  const std::string bad = R"(\u001b]0;x\u0007\u009b2J\u007f\u202e)";
  const auto gemma = world.files["gemma/config.json"];
  world.files["evil\x1b[2J.gguf"] = gguf;
  world.files["evil.json"] =
      R"({"models": [{"name": "a)" + bad + R"(", "config": )" + gemma + "}]}";
  world.files["cards.json"] = R"({"gpus": [{"name": "b)" + bad +
                              R"(", "vendor": "nvidia", "vram_gib": 24},
                                 {"name": "c", "vendor": "nvidia", "vram_gib": 1}]})";
  world.files["checks\x9b.json"] = R"([{"name": "d)" + bad +
                                   R"(", "model": "evil\u001b[2J.gguf", "gpu": "c"},
                                    {"model": "e)" +
                                   bad + R"("}, {"f)" + bad + R"(": 1}])";
  const std::string file = "evil\x1b[2J.gguf";
  const std::vector<std::vector<std::string>> commands = {
      {"estimate", file, "a", "none\x1b[2J", "--gpu", "c"},
      {"rank", file, "a", "--gpu", "c"},
      {"plan", file, "a"},
      {"show", file, "a"},
      {"show", file, "--tensors"},
      {"compare", file, "--vram", "24"},
      {"list", "models"},
      {"list", "gpus"},
      {"check", "checks\x9b.json"},
      {"check", "checks\x9b.json", "--format", "junit"},
      {"check", "checks\x9b.json", "--format", "github"}};
  for (const auto& words : commands) {
    bool shown = false;
    for (const auto& format : formats()) {
      if (format.name == "junit" || format.name == "github") continue;
      auto io = world;
      io.words = words;
      if (words[0] != "show" && (words[0] != "list" || words[1] == "gpus"))
        io.words.insert(io.words.end(), {"--only-gpus", "cards.json"});
      if (words[0] != "list" || words[1] != "gpus")
        io.words.insert(io.words.end(), {"--only-catalog", "evil.json"});
      if (std::find(words.begin(), words.end(), "--format") == words.end())
        io.words.insert(io.words.end(), {"--format", std::string(format.name)});
      const auto said = run(io);
      INFO(words[0] << " " << format.name << ": " << said.out << said.err);
      shown |= (said.out + said.err).find_first_of("?\\") != std::string::npos;
      CHECK(first_control(said.out) == std::string::npos);
      CHECK(first_control(said.err) == std::string::npos);
    }
    INFO(words[0]);
    CHECK(shown);
  }
}

TEST_CASE("a variable for the GPU that is set to nothing is an error: every model would pass") {
  auto io = small_world({"estimate", "tiny.gguf"});
  for (const auto* const name : {"FITVRAM_GPU", "FITVRAM_VRAM"}) {
    io.environment = {{name, ""}};
    const auto result = run(io);
    INFO(name);
    CHECK(result.status == 2);
    CHECK(result.err.find("is set to nothing") != std::string::npos);
  }
}

TEST_CASE("the environment gives defaults, and the command line wins") {
  auto io = small_world({"estimate", "tiny.gguf", "--json"});
  io.environment = {{"FITVRAM_GPU", "RTX 3090"},
                    {"FITVRAM_CTX_SIZE", "2k"},
                    {"FITVRAM_KV_TYPE", "q8_0"},
                    {"FITVRAM_RUNTIME", ""}};
  const auto by_environment = run(io);
  CHECK(by_environment.out == run_words({"estimate", "tiny.gguf", "--json", "--gpu", "RTX 3090",
                                         "-c", "2k", "--kv-type", "q8_0"})
                                  .out);
  io.words = {"estimate", "tiny.gguf", "--json", "-c", "1k", "--gpu", "4090", "-ctk", "f16"};
  CHECK(run(io).out == run_words({"estimate", "tiny.gguf", "--json", "--gpu", "4090", "-c", "1k",
                                  "-ctk", "f16", "-ctv", "q8_0"})
                           .out);
}

TEST_CASE("a card on the command line is not an amount of memory from the environment") {
  auto io = small_world({"estimate", "tiny.gguf", "--gpu", "RTX 3090", "--json"});
  io.environment = {{"FITVRAM_VRAM", "1G"}};
  CHECK(run(io).out == run_words(io.words).out);
}

TEST_CASE("a wrong variable is named, where a command reads it") {
  auto io = small_world({"estimate", "tiny.gguf"});
  io.environment = {{"FITVRAM_CACHE_TYPE_K", "bf61"}};
  const auto result = run(io);
  CHECK(result.status == 2);
  CHECK(result.err ==
        "fitvram: error: environment variable FITVRAM_CACHE_TYPE_K: unknown cache type 'bf61'\n"
        "  hint: did you mean 'bf16'?\n");
  io.words = {"list", "quants"};
  CHECK(run(io).status == 0);
}

TEST_CASE("a log's settings are not those of the environment") {
  auto io = small_world({"compare-log", "server.log"});
  io.environment = {{"FITVRAM_CTX_SIZE", "1k"}, {"FITVRAM_BACKEND", "cpu"}};
  CHECK(run(io).out == run_words(io.words).out);
}

TEST_CASE("output that cannot be written is an error") {
  auto io = small_world({"list", "quants"});
  io.full_disk = true;
  const auto result = run(io);
  CHECK(result.status == 3);
  CHECK(result.err == "fitvram: error: standard output: cannot be written: no space\n");
}

TEST_CASE("the program itself answers, and notices a full disk") {
  const auto version = shell(binary + " --version");
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("fitvram "));
  const auto full = shell(binary + " list quants 2>&1 >/dev/full");
  CHECK(full.status != 0);
  CHECK(full.out.find("fitvram: error: standard output: cannot be written") == 0);
  const auto closed = shell(binary + " estimate - 2>&1 <&-");
  CHECK(closed.status != 0);
  CHECK(closed.out == "fitvram: error: standard input: cannot be read: Bad file descriptor\n");
  CHECK(shell(binary + " estimate --batch / 2>&1").out ==
        "fitvram: error: /: cannot be read: Is a directory\n");
  const auto head = shell(binary + " list gpus | head -n 1");
  CHECK(head.status == 0);
  CHECK(head.out.starts_with("GPU "));
}

TEST_CASE("what stands beside --batch and cannot be answered is refused") {
  const auto refusal = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"estimate", "--batch", "requests.ndjson"});
    const auto result = run_words(more);
    CHECK(result.status == 2);
    return result.err;
  };
  CHECK(refusal({"tiny.gguf"}) ==
        "fitvram: error: option '--batch' takes no MODEL\n"
        "  hint: each request names its own: {\"model\": \"tiny.gguf\"}\n");
  CHECK(refusal({"--format", "csv"}) ==
        "fitvram: error: option '--batch' answers in NDJSON\n  hint: leave --format csv out\n");
  CHECK(refusal({"--all-quants"}) ==
        "fitvram: error: option '--batch' answers each request in one line\n"
        "  hint: leave --all-quants out\n");
}
