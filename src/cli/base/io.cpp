#include "cli/base/io.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fitvram::cli {
namespace {

constexpr std::size_t most_from_a_pipe = std::size_t{1} << 30;

Error io_error(const std::string& where, std::string message, std::string hint = {}) {
  return Error{ErrorCode::io, where, std::move(message), std::move(hint)};
}

std::string reason() { return std::strerror(errno); }

struct Descriptor {
  int fd;
  explicit Descriptor(int fd_) : fd(fd_) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

PathKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return PathKind::file;
  if (S_ISDIR(mode)) return PathKind::directory;
  if (S_ISFIFO(mode) || S_ISSOCK(mode)) return PathKind::pipe;
  return PathKind::other;
}

/// A file that shrinks while it is mapped takes its pages with it, and reading them raises SIGBUS.
/// Zeros stand in for such a page, so that a parser comes to its end; changed_file() tells.
void put_zeros(int signal, siginfo_t* info, void*) {
  const auto size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto page = reinterpret_cast<std::uintptr_t>(info->si_addr) & ~(size - 1);
  const void* zeros = ::mmap(reinterpret_cast<void*>(page), size, PROT_READ,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (zeros == MAP_FAILED) ::signal(signal, SIG_DFL);
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

class Mapping {
 public:
  Mapping(void* address, int fd, const struct stat& found, std::string name)
      : address_(address), fd_(::dup(fd)), found_(found), name_(std::move(name)) {}
  Mapping(Mapping&& from) noexcept
      : address_(std::exchange(from.address_, nullptr)),
        fd_(std::exchange(from.fd_, -1)),
        found_(from.found_),
        name_(std::move(from.name_)) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() {
    if (address_ != nullptr) ::munmap(address_, size());
    if (fd_ >= 0) ::close(fd_);
  }
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(address_), size()};
  }
  const std::string& name() const { return name_; }
  bool changed() const {
    struct stat now {};
    return fd_ >= 0 && ::fstat(fd_, &now) == 0 && !same_file(now, found_);
  }

 private:
  std::size_t size() const { return static_cast<std::size_t>(found_.st_size); }

  void* address_;
  int fd_;
  struct stat found_;
  std::string name_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return false;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  return true;
}

class DescriptorLines final : public Lines {
 public:
  DescriptorLines(int fd, bool owned, std::string name)
      : file_(owned ? fd : -1), fd_(fd), name_(std::move(name)) {}

  bool ready() const override { return end_ || buffer_.find('\n', from_) != std::string::npos; }

  Result<std::optional<std::string_view>> next() override {
    bool too_long = false;
    while (true) {
      const auto end = buffer_.find('\n', from_);
      if (end != std::string::npos) {
        const auto line = std::string_view(buffer_).substr(from_, end - from_);
        from_ = end + 1;
        if (too_long) return refused();
        return std::optional(line);
      }
      if (end_) {
        const auto line = std::string_view(buffer_).substr(from_);
        from_ = buffer_.size();
        if (too_long) return refused();
        return line.empty() ? std::optional<std::string_view>() : std::optional(line);
      }
      buffer_.erase(0, std::exchange(from_, 0));
      if (buffer_.size() > longest_line) {
        too_long = true;
        buffer_.clear();
      }
      if (auto error = fill()) return *error;
    }
  }

 private:
  static constexpr std::size_t longest_line = std::size_t{1} << 24;
  static constexpr std::size_t at_a_time = std::size_t{1} << 16;

  static Error refused() {
    return Error{ErrorCode::limit, "", "the line is longer than 16 MiB", ""};
  }

  std::optional<Error> fill() {
    const auto used = buffer_.size();
    buffer_.resize(used + at_a_time);
    ssize_t n = 0;
    do n = ::read(fd_, buffer_.data() + used, at_a_time);
    while (n < 0 && errno == EINTR);
    buffer_.resize(used + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    end_ = n <= 0;
    if (n < 0) return io_error(name_, "cannot be read: " + reason());
    return std::nullopt;
  }

  Descriptor file_;
  int fd_;
  std::string name_;
  std::string buffer_;
  std::size_t from_ = 0;
  bool end_ = false;
};

class ProcessIo final : public Io {
 public:
  ProcessIo(int argc, char** argv) : args_(argv + std::min(argc, 1), argv + argc) {
    struct sigaction action {};
    action.sa_sigaction = put_zeros;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
  }

  std::vector<std::string> args() const override { return args_; }

  std::optional<std::string> env(const std::string& name) const override {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  }

  PathKind kind_of(const std::string& path) const override {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0) return kind_of_mode(st.st_mode);
    return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ? PathKind::missing
                                                                        : PathKind::other;
  }

  Result<std::span<const std::byte>> read_file(const std::string& path) override {
    // O_NONBLOCK: opening a pipe without a writer must not wait for one.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0) return io_error(path, "cannot be opened: " + reason());
    return map(file.fd, path);
  }

  void forget_files() override { mappings_.clear(); }

  std::optional<std::string> changed_file() const override {
    for (const auto& mapping : mappings_)
      if (mapping.changed()) return mapping.name();
    return std::nullopt;
  }

  Result<std::unique_ptr<Lines>> read_lines(const std::string& path) override {
    using Made = std::unique_ptr<Lines>;
    if (path == "-") return Made(new DescriptorLines(STDIN_FILENO, false, "standard input"));
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error(path, "cannot be opened: " + reason());
    return Made(new DescriptorLines(fd, true, path));
  }

  Result<std::span<const std::byte>> read_stdin() override {
    struct stat st {};
    if (::fstat(STDIN_FILENO, &st) != 0)
      return io_error("standard input", "cannot be read: " + reason());
    if (S_ISREG(st.st_mode)) return map(STDIN_FILENO, "standard input");
    if (::isatty(STDIN_FILENO) != 0)
      return io_error("standard input", "is a terminal, not a model",
                      "pipe a config.json or a GGUF file into fitvram, or name a file");
    while (true) {
      const std::size_t used = stdin_.size();
      stdin_.resize(used + (std::size_t{1} << 16));
      const ssize_t n = ::read(STDIN_FILENO, stdin_.data() + used, stdin_.size() - used);
      stdin_.resize(used + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
      if (n == 0) return std::span<const std::byte>(stdin_);
      if (n < 0 && errno != EINTR) return io_error("standard input", "cannot be read: " + reason());
      if (stdin_.size() > most_from_a_pipe)
        return Error{ErrorCode::limit, "standard input", "is longer than 1 GiB",
                     "name the file, or redirect it ('< FILE') instead of piping it"};
    }
  }

  Result<std::vector<std::string>> list_directory(const std::string& path) const override {
    DIR* dir = ::opendir(path.c_str());
    if (dir == nullptr) return io_error(path, "cannot be listed: " + reason());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<Error> write_file(const std::string& path, std::string_view text) override {
    // Renaming onto a device or a pipe would put a plain file in its place.
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode))
      return io_error(path, "is not a file, and cannot be replaced by one");
    const auto fresh = path + ".new";
    {
      const Descriptor file(
          ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t{0666}));
      if (file.fd < 0) return io_error(path, "cannot be written: " + reason());
      if (!write_all(file.fd, text)) {
        auto error = io_error(path, "cannot be written: " + reason());
        ::unlink(fresh.c_str());
        return error;
      }
    }
    if (::rename(fresh.c_str(), path.c_str()) == 0) return std::nullopt;
    auto error = io_error(path, "cannot be replaced: " + reason());
    ::unlink(fresh.c_str());
    return error;
  }

  std::optional<Error> write_out(std::string_view text) override {
    if (!write_all(STDOUT_FILENO, text))
      return io_error("standard output", "cannot be written: " + reason());
    return std::nullopt;
  }

  void write_err(std::string_view text) override { write_all(STDERR_FILENO, text); }

  bool out_is_terminal() const override { return ::isatty(STDOUT_FILENO) != 0; }

  std::size_t width() const override {
    struct winsize size {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
  }

 private:
  Result<std::span<const std::byte>> map(int fd, const std::string& name) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return io_error(name, "cannot be read: " + reason());
    switch (kind_of_mode(st.st_mode)) {
      case PathKind::directory:
        return io_error(name, "is a directory");
      case PathKind::pipe:
        return io_error(name, "is a pipe, not a file", "read a pipe as standard input: '-'");
      case PathKind::other:
        return io_error(name, "is a device, not a file");
      case PathKind::missing:
      case PathKind::file:
        break;
    }
    if (st.st_size == 0) return std::span<const std::byte>{};
    void* address =
        ::mmap(nullptr, static_cast<std::size_t>(st.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) return io_error(name, "cannot be mapped: " + reason());
    return mappings_.emplace_back(address, fd, st, name).bytes();
  }

  std::vector<std::string> args_;
  std::vector<Mapping> mappings_;
  std::vector<std::byte> stdin_;
};

}  // namespace

std::unique_ptr<Io> make_process_io(int argc, char** argv) {
  return std::make_unique<ProcessIo>(argc, argv);
}

}  // namespace fitvram::cli
