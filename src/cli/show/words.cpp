#include "cli/show/words.hpp"

#include <algorithm>

#include "cli/base/formatted.hpp"

namespace fitvram::cli {

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (std::size_t from = 0; from < text.size();) {
    const auto space = std::min(text.find(' ', from), text.size());
    const auto word = text.substr(from, space - from);
    if (!lines.back().empty() && columns_of(lines.back()) + 1 + columns_of(word) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    from = space + 1;
  }
  return lines;
}

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

std::string plural(std::uint64_t n, const char* word) {
  return formatted("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string plural(std::uint64_t n, const char* word, const char* words) {
  return formatted("{} {}", n, n == 1 ? word : words);
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
