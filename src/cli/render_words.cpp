#include "cli/render_words.hpp"

#include <fmt/format.h>

namespace fitvram::cli {

std::string painted(Verdict verdict, const std::string& word, const Style& style) {
  if (!style.color) return word;
  const char* code = "";
  switch (verdict) {
    case Verdict::fits:
      code = "32";
      break;
    case Verdict::tight:
      code = "33";
      break;
    case Verdict::no:
      code = "31";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, word);
}

std::string plural(std::uint64_t n, const char* word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string cache_types(const Workload& w) {
  const auto k = cache_type_name(w.type_k);
  const auto v = cache_type_name(w.type_v);
  return k == v ? k + " cache" : k + " keys, " + v + " values";
}

std::string sequences(const Workload& w) {
  return plural(w.n_seq, "sequence") + (w.kv_unified && w.n_seq > 1 ? " sharing a cache" : "");
}

std::string runtime_of(const Runtime& runtime, std::string_view backend) {
  return fmt::format("{} {}, {}", runtime.name, runtime.version, backend);
}

}  // namespace fitvram::cli
