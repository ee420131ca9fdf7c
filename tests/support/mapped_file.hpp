#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

/// A file mapped for reading, as long as the test says: a recorded GGUF header is mapped with the
/// length of the whole file it came from, whose tail of zeros is never touched.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path, std::uint64_t length = 0) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    if (fd < 0) throw std::runtime_error("cannot open " + path);
    if (length == 0) {
      struct stat status {};
      ::fstat(fd, &status);
      length = static_cast<std::uint64_t>(status.st_size);
    }
    data_ = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    ::close(fd);
    if (data_ == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    length_ = length;
  }
  ~MappedFile() { ::munmap(data_, length_); }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(data_), length_};
  }

 private:
  void* data_ = nullptr;
  std::size_t length_ = 0;
};
