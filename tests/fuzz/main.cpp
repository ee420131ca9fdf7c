// The entry that libFuzzer calls; each fuzzer is built with its target's name.
#include <cstdint>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* target = fitvram::fuzz::find_target(FITVRAM_FUZZ_TARGET);
  target->run(std::as_bytes(std::span(data, size)));
  return 0;
}
