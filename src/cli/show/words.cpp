#include "cli/show/words.hpp"

#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/base/report.hpp"

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
  return formatted("\x1b[{}m{}\x1b[0m", code, word);
}

std::string gib(Bytes bytes) {
  return formatted("{:.2f}", static_cast<double>(bytes.count) / static_cast<double>(GiB.count));
}

std::string signed_gib(std::int64_t bytes) {
  return formatted("{:.2f}", static_cast<double>(bytes) / static_cast<double>(GiB.count));
}

std::string mib(std::int64_t hundredths) {
  const auto size = hundredths < 0 ? -hundredths : hundredths;
  return formatted("{}{}.{:02}", hundredths < 0 ? "-" : "", size / 100, size % 100);
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
  return formatted("{} {}, {}", runtime.name, runtime.version, backend);
}

}  // namespace fitvram::cli
