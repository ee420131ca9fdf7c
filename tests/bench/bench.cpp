// fitvram_bench [--smoke] [--strict] [--runs N]: what the program costs, beside the least that the
// same work can cost, measured in turns in one run. All times are processor time of whole
// processes. --strict: exit status 1 when a goal is missed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "inputs.hpp"
#include "process.hpp"

namespace {

using namespace fitvram::bench;

struct Settings {
  bool smoke = false;
  bool strict = false;
  int runs = 40;
};

class Folder {
 public:
  Folder() {
    path_ = (std::filesystem::temp_directory_path() / ("fitvram_bench_" + std::string(6, 'X')))
                .string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string at(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

double ms(const Least& least) { return static_cast<double>(least.cost.cpu_us) / 1000; }
double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// Prints a line for each goal and counts those that are missed.
class Table {
 public:
  Table() { fmt::print("{:<36} {:>9}    {:>11}  beside it\n", "what", "measured", "goal"); }
  void row(const char* what, double measured, double goal, const char* unit,
           const std::string& beside) {
    const bool missed = measured > goal;
    if (missed) ++missed_;
    fmt::print("{:<36} {:9.2f} {:<3} {:>4} {:>3g} {:<3}  {}{}\n", what, measured, unit, "<=", goal,
               unit, beside, missed ? "  MISSED" : "");
  }
  /// A figure without a goal.
  void row(const char* what, double measured, const char* unit) {
    fmt::print("{:<36} {:9.2f} {}\n", what, measured, unit);
  }
  int missed() const { return missed_; }

 private:
  int missed_ = 0;
};

int measure(const Settings& settings) {
  const Folder folder;
  const std::string program = FITVRAM_PROGRAM;
  const auto model = folder.at("model.gguf");
  const auto requests = folder.at("requests.ndjson");
  const auto others = folder.at("others.ndjson");
  const std::size_t n = settings.smoke ? 50 : 10'000;
  const auto header =
      settings.smoke ? write_gguf(model, 2000, 3000) : write_gguf(model, 262'144, 300'000);
  write_requests(requests, n, settings.smoke ? 10 : 100);
  write_requests(others, n, n);
  const std::string filter = settings.smoke ? "llama-3.2" : "";

  Least estimate, on_card, walk, rank, batch, different, parse, version;
  for (int i = 0; i < settings.runs; ++i) {
    walk.add(run({FITVRAM_WALK, model}));
    estimate.add(run({program, "estimate", model}));
    on_card.add(run({program, "estimate", model, "--gpu", "RTX 4090"}));
    version.add(run({program, "--version"}));
    if (i % 4 == 0) {
      rank.add(run({program, "rank", "--gpu", "RTX 4090", "--filter", filter}));
      parse.add(run({FITVRAM_PARSE_LINES, requests}));
      batch.add(run({program, "estimate", "--batch", requests}));
    }
    if (i == 0) different.add(run({program, "estimate", "--batch", others}));
  }

  Table table;
  const auto peak = mib(estimate.cost.peak_kib * 1024);
  table.row("estimate, GGUF with a tokenizer", ms(estimate) / ms(walk), 1.5, "x",
            fmt::format("{:.2f} ms, a walk in C {:.2f} ms", ms(estimate), ms(walk)));
  table.row("  the same on a card", ms(on_card) / ms(walk), "x");
  table.row("  its peak memory beyond the header", peak - mib(header), 6, "MiB",
            fmt::format("{:.1f} MiB, the header {:.1f} MiB", peak, mib(header)));
  table.row("rank, the whole catalogue", ms(rank), 15, "ms", "");
  table.row("10,000 requests, 100 different", ms(batch) / ms(parse), 2, "x",
            fmt::format("{:.1f} ms, nlohmann parses in {:.1f} ms", ms(batch), ms(parse)));
  table.row("  all of them different", ms(different) / ms(parse), "x");
  table.row("--version", ms(version), 2, "ms", "");
  return settings.strict && table.missed() != 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--smoke")
      settings = {true, settings.strict, 1};
    else if (word == "--strict")
      settings.strict = true;
    else if (word == "--runs" && i + 1 < argc)
      settings.runs = std::max(1, std::atoi(argv[++i]));
    else
      throw std::runtime_error("fitvram_bench [--smoke] [--strict] [--runs N]");
  }
  return measure(settings);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
