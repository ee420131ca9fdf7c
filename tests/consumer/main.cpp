#include <cstdio>
#include <fitvram/fitvram.hpp>

int main() {
  const auto gpus = fitvram::parse_gpus(fitvram::embedded_gpus(), "gpus.json");
  if (!gpus) return std::puts(gpus.error().message.c_str()), 1;
  const auto gpu = fitvram::find_gpu(*gpus, "4090");
  return gpu && gpu->vram > fitvram::Bytes{0} ? 0 : 1;
}
