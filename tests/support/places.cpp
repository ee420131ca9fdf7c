#include "support/places.hpp"

namespace fitvram::test {

std::string test_data(const std::string& path) { return FITVRAM_SOURCE_DIR "/tests/data/" + path; }

std::string source_path(const std::string& path) {
  return path.empty() ? FITVRAM_SOURCE_DIR : FITVRAM_SOURCE_DIR "/" + path;
}

std::string program_path() { return FITVRAM_BINARY; }

}  // namespace fitvram::test
