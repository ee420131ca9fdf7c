#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"

namespace fitvram::cli {

enum class PathKind { missing, file, directory, pipe, other };

/// Text read line by line, however long it is as a whole.
class Lines {
 public:
  virtual ~Lines() = default;
  /// The next line without its end, valid until the next call; nothing at the end. An Error of
  /// code `limit` is a line that is too long: what follows it can still be read.
  virtual Result<std::optional<std::string_view>> next() = 0;
  /// Whether next() will answer without waiting for whoever writes.
  virtual bool ready() const = 0;
};

/// Everything outside the program that a run may touch. The process's own is make_process_io();
/// tests pass one in memory, so that the whole program runs inside them.
class Io {
 public:
  virtual ~Io() = default;

  /// Arguments without the program's name.
  virtual std::vector<std::string> args() const = 0;
  /// An environment variable, nullopt when unset.
  virtual std::optional<std::string> env(const std::string& name) const = 0;

  virtual PathKind kind_of(const std::string& path) const = 0;
  /// The bytes of a file, valid as long as this object or until forget_files(). Files are mapped:
  /// only what is looked at is read. Directories, pipes and devices are errors.
  virtual Result<std::span<const std::byte>> read_file(const std::string& path) = 0;
  virtual void forget_files() = 0;
  /// One of the files read so far that is not what it was when it was opened: written, truncated.
  virtual std::optional<std::string> changed_file() const = 0;
  /// Lines of a file or a pipe; "-" is standard input.
  virtual Result<std::unique_ptr<Lines>> read_lines(const std::string& path) = 0;
  /// Standard input, read to its end once (mapped when it is a file).
  virtual Result<std::span<const std::byte>> read_stdin() = 0;
  /// Names in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list_directory(const std::string& path) const = 0;

  /// Replaces a file as a whole: nobody ever reads half of it.
  virtual std::optional<Error> write_file(const std::string& path, std::string_view text) = 0;
  /// Writes everything to standard output; an error names what the system said.
  virtual std::optional<Error> write_out(std::string_view text) = 0;
  /// Writes to standard error; there is nobody to tell when that fails.
  virtual void write_err(std::string_view text) = 0;

  virtual bool out_is_terminal() const = 0;
  /// Columns of the terminal, 0 when standard output is none.
  virtual std::size_t width() const = 0;
};

std::unique_ptr<Io> make_process_io(int argc, char** argv);

}  // namespace fitvram::cli
