#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "support/places.hpp"

namespace fitvram::test {

/// One file of this repository, as the tests of the house rules see it.
struct SourceFile {
  std::string path;  ///< from the top: "src/cli/base/io.cpp"
  std::string text;
  std::vector<std::string> lines;  ///< without line ends
};

/// "cli/io" of "src/cli/base/io.cpp", "fitvram/units" of "include/fitvram/units.hpp".
inline std::string stem_of(const std::string& path) {
  std::string stem = path.substr(0, path.rfind('.'));
  for (const std::string_view top : {"include/", "src/", "tests/"}) {
    if (stem.starts_with(top)) stem.erase(0, top.size());
  }
  return stem;
}

inline SourceFile source_file(const std::string& path) {
  SourceFile file{path, {}, {}};
  std::ifstream in(std::filesystem::path(source_path()) / path, std::ios::binary);
  file.text.assign(std::istreambuf_iterator<char>(in), {});
  for (std::size_t begin = 0; begin < file.text.size();) {
    const std::size_t end = std::min(file.text.find('\n', begin), file.text.size());
    file.lines.push_back(file.text.substr(begin, end - begin));
    begin = end + 1;
  }
  return file;
}

/// The files below `folder` with one of the extensions, sorted by path.
inline std::vector<SourceFile> files_below(const std::string& folder,
                                           const std::vector<std::string>& extensions) {
  const std::filesystem::path top = source_path();
  std::vector<SourceFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top / folder)) {
    const auto& path = entry.path();
    if (!entry.is_regular_file()) continue;
    if (std::ranges::find(extensions, path.extension().string()) == extensions.end()) continue;
    files.push_back(source_file(path.lexically_relative(top).generic_string()));
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

/// The headers and sources of the library and the program.
inline std::vector<SourceFile> product_sources() {
  auto files = files_below("include", {".hpp"});
  for (auto& file : files_below("src", {".hpp", ".cpp"})) files.push_back(std::move(file));
  return files;
}

/// What a line includes, brackets or quotes kept: "<span>", "\"fitvram/units.hpp\""; or "".
inline std::string included_by(const std::string& line) {
  constexpr std::string_view directive = "#include ";
  if (!line.starts_with(directive) || line.size() < directive.size() + 3) return {};
  const char close = line[directive.size()] == '<' ? '>' : '"';
  const auto end = line.find(close, directive.size() + 1);
  return end == std::string::npos ? std::string()
                                  : line.substr(directive.size(), end + 1 - directive.size());
}

}  // namespace fitvram::test
