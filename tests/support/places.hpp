#pragma once
#include <string>

namespace fitvram::test {

/// Absolute paths that only the build knows; one source holds them, so that the others compile to
/// the same bytes wherever the tree stands.
std::string test_data(const std::string& path = "");    ///< tests/data/PATH
std::string source_path(const std::string& path = "");  ///< PATH in the source tree
std::string program_path();                             ///< the program under test

}  // namespace fitvram::test
