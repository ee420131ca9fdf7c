#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include "cli/app.hpp"
#include "cli/base/io.hpp"

int main(int argc, char** argv) {
#ifdef M_MMAP_THRESHOLD
  // Graphs come and go by the hundred: their memory stays with the process instead of being mapped
  // anew for each.
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
  const auto io = fitvram::cli::make_process_io(argc, argv);
  return static_cast<int>(fitvram::cli::run(*io));
}
