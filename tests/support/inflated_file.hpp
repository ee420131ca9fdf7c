#pragma once
// A file of which only the beginning is stored, as the loader would see it when mapped: its bytes,
// then zeros up to its true size. The zeros cost no memory.
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace fitvram::test {

inline std::vector<char> read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class InflatedFile {
 public:
  InflatedFile(const std::string& path, std::size_t size)
      : InflatedFile(std::as_bytes(std::span<const char>(read_bytes(path))), size) {}

  InflatedFile(std::span<const std::byte> stored, std::size_t size) : size_(size) {
    if (stored.size() > size) throw std::runtime_error("more is stored than the true size");
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    memory_ = ::mmap(nullptr, size, PROT_READ, flags, -1, 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("cannot map memory");
    if (::mprotect(memory_, stored.size(), PROT_READ | PROT_WRITE) != 0)
      throw std::runtime_error("cannot write to mapped memory");
    std::copy(stored.begin(), stored.end(), static_cast<std::byte*>(memory_));
    stored_size_ = stored.size();
  }
  InflatedFile(const InflatedFile&) = delete;
  InflatedFile& operator=(const InflatedFile&) = delete;
  ~InflatedFile() { ::munmap(memory_, size_); }

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(memory_), size_};
  }
  std::size_t stored_size() const { return stored_size_; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  std::size_t stored_size_ = 0;
};

}  // namespace fitvram::test
