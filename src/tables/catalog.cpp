#include "fitvram/catalog.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/malformed.hpp"
#include "base/text.hpp"
#include "fitvram/parse.hpp"
#include "tables/snapshot.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

constexpr std::size_t most_candidates = 8;
constexpr std::size_t longest_name = 256;

// The text ends or closes where it must not; the JSON library then says where.
struct Broken {};

// Cuts JSON into pieces without building it: a config stays the text it is, and is not even
// checked, until somebody asks for that model.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : text_(text) { skip_space(); }

  bool opens(char bracket) {
    if (!text_.starts_with(bracket)) return false;
    step(1);
    return true;
  }
  bool closes(char bracket) {
    if (text_.empty()) throw Broken{};
    if (!opens(bracket)) return false;
    skip_separator();
    return true;
  }
  bool done() const { return text_.empty(); }

  std::string_view value() {
    std::size_t end = 0;
    std::size_t depth = 0;
    do {
      const char c = at(end);
      if (c == '"') {
        end = string_end(end);
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) throw Broken{};
        --depth;
      }
      ++end;
    } while (depth > 0 || !ends_value(end));
    const std::string_view piece = text_.substr(0, end);
    step(end);
    skip_separator();
    return piece;
  }

 private:
  char at(std::size_t i) const {
    if (i >= text_.size()) throw Broken{};
    return text_[i];
  }
  void skip_space() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }
  void skip_separator() {
    if (text_.starts_with(',') || text_.starts_with(':')) step(1);
  }
  void step(std::size_t n) {
    text_.remove_prefix(n);
    skip_space();
  }
  std::size_t string_end(std::size_t begin) const {
    std::size_t i = text_.find_first_of("\"\\", begin + 1);
    while (at(i) == '\\') i = text_.find_first_of("\"\\", i + 2);
    return i + 1;
  }
  bool ends_value(std::size_t i) const {
    constexpr std::string_view after = ",:]} \t\r\n";
    return i == text_.size() || text_[i - 1] == '"' || text_[i - 1] == '}' || text_[i - 1] == ']' ||
           after.find(text_[i]) != std::string_view::npos;
  }

  std::string_view text_;
};

CatalogEntry take_entry(Pieces& pieces, const std::string& where) {
  if (!pieces.opens('{')) throw Malformed{ErrorCode::malformed, where, "is not an object"};
  std::string_view name, config;
  while (!pieces.closes('}')) {
    const std::string_view key = pieces.value();
    const std::string_view value = pieces.value();
    if (key == "\"name\"") name = value;
    if (key == "\"config\"") config = value;
  }
  if (!name.starts_with('"') || name == "\"\"") {
    throw Malformed{ErrorCode::malformed, where + "/name", "is not a name"};
  }
  if (!config.starts_with('{')) {
    throw Malformed{ErrorCode::malformed, where + "/config", "is not an object"};
  }
  return {json::parse(name).get<std::string>(), std::string{config}};
}

std::vector<CatalogEntry> take_entries(Pieces& pieces) {
  std::vector<CatalogEntry> entries;
  std::set<std::string> names;
  while (!pieces.closes(']')) {
    const std::string where = "/models/" + std::to_string(entries.size());
    CatalogEntry entry = take_entry(pieces, where);
    if (!names.insert(lower_case(entry.name)).second) {
      throw Malformed{ErrorCode::malformed, where + "/name", "'" + entry.name + "' is there twice"};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<CatalogEntry> parse(std::string_view text) {
  const std::string form =
      "a catalogue is {\"models\": [{\"name\": ..., \"config\": what its config.json says}, ...]}";
  const auto no_list = [&] {
    return Malformed{ErrorCode::malformed, "", "has no list 'models'", form};
  };
  Pieces pieces{text};
  if (pieces.opens('[')) throw Malformed{ErrorCode::malformed, "", "a list, not a catalogue", form};
  std::optional<std::vector<CatalogEntry>> entries;
  if (!pieces.opens('{')) throw no_list();
  while (!pieces.closes('}')) {
    if (pieces.value() != "\"models\"") {
      pieces.value();
    } else if (pieces.opens('[')) {
      entries = take_entries(pieces);
    } else {
      throw no_list();
    }
  }
  if (!pieces.done()) throw Broken{};
  if (!entries) throw no_list();
  return std::move(*entries);
}

std::string_view tail(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// ':' as well, for people who write "llama3.1:8b".
std::string fold(std::string_view name) {
  std::string text{name};
  std::replace(text.begin(), text.end(), ':', '-');
  std::string folded = fold_name(text);
  const auto dash = [](const std::string& s, std::size_t at) {
    return at < s.size() && s[at] == '-';
  };
  if (dash(folded, 0)) folded.erase(0, 1);
  if (!folded.empty() && folded.back() == '-') folded.pop_back();
  return folded;
}

std::string squash(std::string folded) {
  folded.erase(std::remove(folded.begin(), folded.end(), '-'), folded.end());
  return folded;
}

// A name of the catalogue in the forms it is compared in.
struct Forms {
  std::string whole;
  std::string tail;
};

bool at_words(const std::string& text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    if ((at == 0 || text[at - 1] == '-') && (end == text.size() || text[end] == '-')) return true;
  }
  return false;
}

// From the strictest reading of a name to the loosest; the first that hits anything decides.
using Reading = bool (*)(const Forms& entry, const std::string& asked);
constexpr Reading readings[] = {
    [](const Forms& entry, const std::string& asked) { return entry.whole == asked; },
    [](const Forms& entry, const std::string& asked) { return entry.tail == asked; },
    [](const Forms& entry, const std::string& asked) {
      return entry.tail.starts_with(asked + "-") || entry.whole.starts_with(asked + "-");
    },
    [](const Forms& entry, const std::string& asked) { return at_words(entry.whole, asked); },
    [](const Forms& entry, const std::string& asked) {
      return entry.tail.starts_with(asked) || entry.whole.starts_with(asked);
    },
    [](const Forms& entry, const std::string& asked) {
      return entry.whole.find(asked) != std::string::npos;
    },
    [](const Forms& entry, const std::string& asked) {
      return squash(entry.tail) == squash(asked);
    },
    [](const Forms& entry, const std::string& asked) {
      return squash(entry.tail).starts_with(squash(asked));
    },
};

Malformed ambiguous(const std::vector<const CatalogEntry*>& found, std::string_view name) {
  std::string hint = "say which: ";
  for (std::size_t i = 0; i < std::min(found.size(), most_candidates); ++i) {
    hint += (i == 0 ? "" : ", ") + found[i]->name;
  }
  if (found.size() > most_candidates) {
    hint += " and " + std::to_string(found.size() - most_candidates) + " more";
  }
  return Malformed{
      ErrorCode::ambiguous, "model",
      "'" + std::string(name) + "' stands for " + std::to_string(found.size()) + " models", hint};
}

Malformed unknown(std::span<const CatalogEntry> entries, std::string_view name) {
  std::vector<std::string_view> names;
  for (const CatalogEntry& entry : entries) {
    names.push_back(tail(entry.name));
    names.push_back(entry.name);
  }
  std::string_view near = closest(name, names);
  if (near.empty()) {
    // A typo in the part before a suffix: "gema-3-27b" for gemma-3-27b-it.
    for (auto& candidate : names) candidate = candidate.substr(0, name.size());
    near = closest(name, names);
  }
  std::string hint =
      "fitvram list models prints the catalogue; a file or a directory will do as well";
  if (!near.empty()) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const CatalogEntry& e) {
      return tail(e.name).starts_with(near) || e.name.starts_with(near);
    });
    hint = "did you mean '" + entry->name + "'? " + hint;
  }
  return Malformed{ErrorCode::unknown_name, "model",
                   "no model of the catalogue is called '" + std::string(name) + "'", hint};
}

const CatalogEntry* find(std::span<const CatalogEntry> entries, std::string_view name) {
  if (name.size() > longest_name) {
    throw Malformed{ErrorCode::unknown_name, "model",
                    "no model of the catalogue has a name that long"};
  }
  const auto named = [&](const CatalogEntry& entry) { return entry.name == name; };
  const auto exact = std::find_if(entries.begin(), entries.end(), named);
  if (exact != entries.end() && std::none_of(exact + 1, entries.end(), named)) return &*exact;
  const std::string asked = fold(name);
  if (asked.empty()) throw unknown(entries, name);
  std::vector<Forms> forms;
  forms.reserve(entries.size());
  for (const CatalogEntry& entry : entries)
    forms.push_back({fold(entry.name), fold(tail(entry.name))});
  for (const Reading reading : readings) {
    std::vector<const CatalogEntry*> found;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (reading(forms[i], asked)) found.push_back(&entries[i]);
    }
    if (found.size() == 1) return found.front();
    if (!found.empty()) throw ambiguous(found, name);
  }
  throw unknown(entries, name);
}

}  // namespace

Result<std::vector<CatalogEntry>> parse_catalog(std::string_view text,
                                                const std::string& name) try {
  try {
    return parse(text);
  } catch (const Malformed&) {
    if (json::accept(text)) throw;
  } catch (const Broken&) {
  }
  [[maybe_unused]] const json refused = json::parse(text);
  return Error{ErrorCode::malformed, name, "is not JSON", ""};
} catch (const Malformed& e) {
  return e.to_error(name);
} catch (const json::parse_error& e) {
  return Error{ErrorCode::malformed, name + ": byte " + std::to_string(e.byte), "is not JSON", ""};
} catch (const json::out_of_range&) {
  return Error{ErrorCode::limit, name, "a number is too large to be read", ""};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, name, "needs more memory than there is", ""};
}

Result<const CatalogEntry*> find_model(std::span<const CatalogEntry> entries,
                                       std::string_view name) try {
  return find(entries, name);
} catch (const Malformed& e) {
  return Error{e.code, e.where, e.what(), e.hint};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, "model", "needs more memory than there is", ""};
}

Result<ModelInfo> model_of(const CatalogEntry& entry) try {
  if (!entry.snapshot.empty()) return read_model_snapshot(entry.snapshot);
  const std::string source = "catalog: " + entry.name;
  auto model = parse_hf_config(entry.config, source);
  if (!model) return model;
  model->format = ModelFormat::catalog;
  model->source = source;
  model->name = entry.name;
  return model;
} catch (const Malformed& e) {
  return e.to_error("catalog: " + entry.name);
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, "catalog: " + entry.name, "needs more memory than there is", ""};
}

}  // namespace fitvram
