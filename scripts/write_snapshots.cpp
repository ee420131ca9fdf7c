// write_snapshots FILE: the build runs this to write the snapshots of the embedded tables as a
// source of the library.
#include <fstream>
#include <iostream>
#include <string>

#include "tables/snapshot.hpp"

namespace {

// Three octal digits end by themselves; a '?' might begin a trigraph.
std::string escaped(unsigned char c) {
  const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';
  if (plain) return {static_cast<char>(c)};
  const auto digit = [c](unsigned shift) { return static_cast<char>('0' + (c >> shift) % 8); };
  return {'\\', digit(6), digit(3), digit(0)};
}

void print(std::ostream& out, const char* function, const std::string& bytes) {
  constexpr std::size_t line = 64;
  out << "std::string_view " << function << "();\nstd::string_view " << function << "() {\n"
      << "  static constexpr char bytes[] =\n      \"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % line == 0) out << "\"\n      \"";
    out << escaped(static_cast<unsigned char>(bytes[i]));
  }
  out << "\";\n  return {bytes, sizeof bytes - 1};\n}\n";
}

template <typename T>
int refused(const fitvram::Result<T>& table) {
  std::cerr << table.error().where << ": " << table.error().message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fitvram;
  if (argc != 2) return 2;
  const auto catalog = parse_catalog(embedded_models(), "data/models.json");
  if (!catalog) return refused(catalog);
  const auto cards = parse_gpus(embedded_gpus(), "data/gpus.json");
  if (!cards) return refused(cards);
  std::ofstream out(argv[1], std::ios::binary);
  out << "#include <string_view>\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\n"
         "namespace fitvram {\n";
  print(out, "models_snapshot", write_snapshot(*catalog, embedded_models()));
  print(out, "gpus_snapshot", write_snapshot(*cards));
  out << "}  // namespace fitvram\n";
  out.close();
  return out ? 0 : 1;
}
