// What nlohmann takes to parse every line of a file, and nothing else.
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::size_t n = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = rest.find('\n');
    n += nlohmann::json::parse(rest.substr(0, end)).size();
    rest.remove_prefix(end + 1);
  }
  return n == 0 ? 2 : 0;
}
