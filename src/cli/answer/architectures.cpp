#include "cli/answer/architectures.hpp"

#include "families/family.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram::cli {
namespace {

std::string number(std::uint32_t n) { return std::to_string(n); }

/// "sliding_window, 4096 if absent", "8192 always, chunked": where the size comes from.
std::string window_of(const WindowRule& rule) {
  std::string text;
  switch (rule.kind) {
    case WindowRule::Kind::none:
      return "";
    case WindowRule::Kind::key:
      text = "sliding_window";
      if (rule.required) text += ", required";
      if (rule.size != 0) text += ", " + number(rule.size) + " if absent";
      break;
    case WindowRule::Kind::fixed:
      text = number(rule.size) + (rule.if_absent ? ", always" : " if sliding_window > 0");
      break;
  }
  if (rule.only_n_layer != 0) text += ", only with " + number(rule.only_n_layer) + " layers";
  return rule.chunked ? text + ", chunked" : text;
}

/// Which layers have it when the file does not list them.
std::string pattern_of(const WindowRule& rule) {
  if (rule.kind == WindowRule::Kind::none) return "";
  if (rule.all_attention) return "all";
  if (rule.all_if_hyper) return "listed, all with hyper-connections";
  if (rule.period == 0) return "listed";
  return std::string(rule.first_full ? "first" : "last") + " of " + number(rule.period) + " full";
}

std::string recurrent_of(const CacheRule& rule) {
  switch (rule.recurrent) {
    case RecurrentRule::none:
      return "";
    case RecurrentRule::all:
      return "all layers";
    case RecurrentRule::no_kv_heads:
      return "layers without kv heads";
    case RecurrentRule::no_kv_heads_no_ff:
      return "layers without kv heads and feed-forward";
    case RecurrentRule::interval:
      return "all but each " + number(rule.interval) + "th layer";
  }
  return "";
}

std::string shared_kv_of(const CacheRule& rule) {
  if (rule.kv_from_start != 0) return "only the first " + number(rule.kv_from_start) + " layers";
  return rule.shared_kv ? "the last shared_kv_layers" : "";
}

/// Everything else about a row, for people.
std::string rules_of(const Family& row, std::string_view version) {
  std::string text;
  const auto add = [&](const char* label, const std::string& rule) {
    if (!rule.empty()) text += (text.empty() ? "" : "; ") + std::string(label) + rule;
  };
  const auto window = window_of(row.cache.window);
  if (!window.empty()) add("window ", window + " (" + pattern_of(row.cache.window) + ")");
  if (row.cache.mla) add("", "latent with key_length_mla");
  const auto recurrent = recurrent_of(row.cache);
  const std::string state = name_of(row.cache.state);
  add("recurrent ", recurrent + (recurrent.empty() || state.empty() ? "" : ", ") + state);
  add("indexer ", std::string(name_of(row.cache.indexer)));
  add("kv ", shared_kv_of(row.cache));
  add("", std::string(row.hf));
  add("", std::string(row.source) + " " + std::string(version));
  return text;
}

}  // namespace

Grid architecture_grid() {
  Grid grid{{{"name", "ARCHITECTURE"},
             {"cache", "CACHE"},
             {"", "RULES; CONFIG NAMES; SOURCE"},
             {"window", ""},
             {"window_layers", ""},
             {"recurrent", ""},
             {"state", ""},
             {"indexer", ""},
             {"shared_kv", ""},
             {"mla", ""},
             {"config_names", ""},
             {"source", ""},
             {"version", ""}},
            {}};
  const auto version = find_runtime("llama.cpp")->version;
  for (const Family* family : families()) {
    const Family& row = *family;
    grid.rows.push_back(
        {std::string(row.gguf), std::string(name_of(row.cache.memory)), rules_of(row, version),
         window_of(row.cache.window), pattern_of(row.cache.window), recurrent_of(row.cache),
         std::string(name_of(row.cache.state)), std::string(name_of(row.cache.indexer)),
         shared_kv_of(row.cache), row.cache.mla, std::string(row.hf), std::string(row.source),
         std::string(version)});
  }
  return grid;
}

}  // namespace fitvram::cli
