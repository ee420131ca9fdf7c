#include "cli/app.hpp"
#include "cli/io.hpp"

int main(int argc, char** argv) {
  const auto io = fitvram::cli::make_process_io(argc, argv);
  return static_cast<int>(fitvram::cli::run(*io));
}
