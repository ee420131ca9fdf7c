#include "cli/base/io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("fitvram_io_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  std::string at(const char* name) const { return (path / name).string(); }
};

/// Standard input from a descriptor, which it closes, until the end of the scope.
struct StandardInput {
  int own = ::dup(STDIN_FILENO);
  explicit StandardInput(int fd) {
    ::dup2(fd, STDIN_FILENO);
    ::close(fd);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    ::dup2(own, STDIN_FILENO);
    ::close(own);
  }
};

}  // namespace

TEST_CASE("files are mapped, empty ones included") {
  const Folder folder;
  std::ofstream(folder.at("a")) << "abc";
  std::ofstream(folder.at("empty")) << "";
  const auto io = make_process_io(0, nullptr);
  const auto bytes = io->read_file(folder.at("a"));
  REQUIRE(bytes);
  CHECK(bytes->size() == 3);
  CHECK((*bytes)[2] == std::byte{'c'});
  REQUIRE(io->read_file(folder.at("empty")));
  CHECK(io->read_file(folder.at("empty"))->empty());
}

TEST_CASE("what is not a file says what it is") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.at("pipe").c_str(), 0600) == 0);
  const auto io = make_process_io(0, nullptr);
  CHECK(io->kind_of(folder.at("pipe")) == PathKind::pipe);
  CHECK(io->read_file(folder.at("pipe")).error() == Error{ErrorCode::io, folder.at("pipe"),
                                                          "is a pipe, not a file",
                                                          "read a pipe as standard input: '-'"});
  CHECK(io->read_file(folder.path.string()).error().message == "is a directory");
  CHECK(io->read_file("/dev/null").error().message == "is a device, not a file");
  CHECK(io->read_file(folder.at("none")).error().message ==
        "cannot be opened: No such file or directory");
}

TEST_CASE("standard input is a file, a pipe or refused") {
  const Folder folder;
  std::ofstream(folder.at("a")) << "abc";
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  REQUIRE(::write(pipe[1], "piped", 5) == 5);
  ::close(pipe[1]);
  const auto io = make_process_io(0, nullptr);
  {
    const StandardInput input(::open(folder.at("a").c_str(), O_RDONLY));
    CHECK(io->read_stdin()->size() == 3);
  }
  {
    const StandardInput input(pipe[0]);
    CHECK(io->read_stdin()->size() == 5);
  }
  {
    const StandardInput input(::open(folder.path.c_str(), O_RDONLY));
    CHECK(io->read_stdin().error().message == "cannot be read: Is a directory");
  }
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  INFO("needs a pseudo-terminal: devpts, mounted on /dev/pts");
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  {
    const int other_end = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
    REQUIRE(other_end >= 0);
    const StandardInput input(other_end);
    CHECK(io->read_stdin().error() ==
          Error{ErrorCode::io, "standard input", "is a terminal, not a model",
                "pipe a config.json or a GGUF file into fitvram, or name a file"});
  }
  ::close(terminal);
}

TEST_CASE("directories are listed in order") {
  const Folder folder;
  std::ofstream(folder.at("b")) << "";
  std::ofstream(folder.at("a")) << "";
  const auto io = make_process_io(0, nullptr);
  CHECK(io->kind_of(folder.path.string()) == PathKind::directory);
  CHECK(io->kind_of(folder.at("none")) == PathKind::missing);
  CHECK(*io->list_directory(folder.path.string()) == std::vector<std::string>{"a", "b"});
  CHECK(io->list_directory(folder.at("none")).error().message ==
        "cannot be listed: No such file or directory");
}

TEST_CASE("arguments come without the program's name") {
  char program[] = "fitvram";
  char word[] = "rank";
  char* argv[] = {program, word, nullptr};
  CHECK(make_process_io(2, argv)->args() == std::vector<std::string>{"rank"});
  CHECK(make_process_io(0, nullptr)->args().empty());
}

TEST_CASE("lines are read one at a time, the last with or without its end") {
  const Folder folder;
  std::ofstream(folder.at("a")) << "one\n\nthree";
  const auto io = make_process_io(0, nullptr);
  auto lines = io->read_lines(folder.at("a"));
  REQUIRE(lines);
  CHECK_FALSE((*lines)->ready());
  CHECK((*lines)->next().value() == "one");
  CHECK((*lines)->ready());
  CHECK((*lines)->next().value() == "");
  CHECK((*lines)->next().value() == "three");
  CHECK_FALSE((*lines)->next().value().has_value());
  CHECK(io->read_lines(folder.at("none")).error().message ==
        "cannot be opened: No such file or directory");
  CHECK((*io->read_lines(folder.path.string()))->next().error().message ==
        "cannot be read: Is a directory");
}

TEST_CASE("a line that is too long is an error, and the next is read") {
  const Folder folder;
  std::ofstream(folder.at("a")) << std::string(std::size_t{40} << 20, 'x') << "\nshort\n";
  const auto io = make_process_io(0, nullptr);
  auto lines = io->read_lines(folder.at("a"));
  REQUIRE(lines);
  CHECK((*lines)->next().error().message == "the line is longer than 16 MiB");
  CHECK((*lines)->next().value() == "short");
}

TEST_CASE("a file is written as a whole or not at all") {
  const Folder folder;
  const auto io = make_process_io(0, nullptr);
  CHECK_FALSE(io->write_file(folder.at("a"), "first"));
  CHECK_FALSE(io->write_file(folder.at("a"), "second"));
  std::ifstream in(folder.at("a"));
  CHECK(std::string{std::istreambuf_iterator<char>(in), {}} == "second");
  const auto error = io->write_file(folder.at("none/a"), "x");
  REQUIRE(error);
  CHECK(error->message == "cannot be written: No such file or directory");
  REQUIRE(::mkfifo(folder.at("b").c_str(), 0600) == 0);
  CHECK(io->write_file(folder.at("b"), "x").value().message ==
        "is not a file, and cannot be replaced by one");
  CHECK(io->kind_of(folder.at("b")) == PathKind::pipe);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 2);
}

TEST_CASE(
    "a file that shrinks or is written while it is mapped is told, and no signal ends the run") {
  const Folder folder;
  const std::string path = folder.at("shrinking");
  std::ofstream(path) << std::string(3 * 65536, 'x');
  const auto io = make_process_io(0, nullptr);
  const auto bytes = io->read_file(path);
  REQUIRE(bytes);
  CHECK((*bytes)[0] == std::byte{'x'});
  CHECK_FALSE(io->changed_file());
  fs::resize_file(path, 10);
  CHECK((*bytes)[2 * 65536] == std::byte{});
  CHECK(io->changed_file() == path);
  io->forget_files();
  CHECK_FALSE(io->changed_file());

  const std::string growing = folder.at("growing");
  std::ofstream(growing) << "a";
  REQUIRE(io->read_file(growing));
  std::ofstream(growing, std::ios::app) << "b";
  CHECK(io->changed_file() == growing);
}
