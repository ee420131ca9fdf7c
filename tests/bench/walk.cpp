// The least that reading a GGUF header can cost: every length is checked against the file, nothing
// is kept. Written as C would be, linked against nothing but the C library.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

const char* data;
std::uint64_t size;
std::uint64_t at;

void need(std::uint64_t n) {
  if (n > size - at) std::exit(2);
}

template <typename T>
T take() {
  need(sizeof(T));
  T value;
  std::memcpy(&value, data + at, sizeof(T));
  at += sizeof(T);
  return value;
}

void skip_string() {
  const auto n = take<std::uint64_t>();
  need(n);
  at += n;
}

void skip_values(std::uint32_t type, std::uint64_t n) {
  static const std::uint64_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  if (type > 12 || type == 9) std::exit(2);
  if (type == 8) {
    for (; n > 0; --n) skip_string();
    return;
  }
  if (n > (size - at) / sizes[type]) std::exit(2);
  at += n * sizes[type];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int file = open(argv[1], O_RDONLY);
  struct stat found;
  if (file < 0 || fstat(file, &found) != 0) return 2;
  size = static_cast<std::uint64_t>(found.st_size);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapped == MAP_FAILED) return 2;
  data = static_cast<const char*>(mapped);
  if (take<std::uint32_t>() != 0x46554747U || take<std::uint32_t>() != 3) return 2;
  const auto n_tensors = take<std::uint64_t>();
  for (auto n = take<std::uint64_t>(); n > 0; --n) {
    skip_string();
    const auto type = take<std::uint32_t>();
    if (type != 9) {
      skip_values(type, 1);
      continue;
    }
    const auto element = take<std::uint32_t>();
    skip_values(element, take<std::uint64_t>());
  }
  std::uint64_t n_params = 0;
  for (auto n = n_tensors; n > 0; --n) {
    skip_string();
    std::uint64_t elements = 1;
    for (auto n_dims = take<std::uint32_t>(); n_dims > 0; --n_dims)
      elements *= take<std::uint64_t>();
    n_params += elements;
    take<std::uint32_t>();
    take<std::uint64_t>();
  }
  std::printf("%llu parameters in a header of %llu bytes\n",
              static_cast<unsigned long long>(n_params), static_cast<unsigned long long>(at));
  return 0;
}
