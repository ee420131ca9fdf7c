#pragma once
// The built program in a shell, where a process is what is tested.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/places.hpp"

namespace fitvram::test {

struct Shell {
  std::string out;
  int status = 0;
};

/// What a command prints, run in an empty folder of its own.
inline Shell shell(const std::string& line) {
  auto folder =
      (std::filesystem::temp_directory_path() / ("fitvram_shell_" + std::string(6, 'X'))).string();
  if (::mkdtemp(folder.data()) == nullptr) return {"no folder", -1};
  Shell result;
  FILE* pipe = ::popen(("cd '" + folder + "' && {\n" + line + "\n}").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    result.out.append(buffer.data(), n);
  result.status = ::pclose(pipe);
  std::filesystem::remove_all(folder);
  return result;
}

/// The built program, quoted for a shell.
inline std::string program() { return std::string("'") + program_path() + "'"; }

}  // namespace fitvram::test
