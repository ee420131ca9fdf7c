#pragma once
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "cli/base/options.hpp"

namespace fitvram::cli {

/// A set of commands.
class Commands {
 public:
  constexpr Commands() = default;
  constexpr Commands(std::initializer_list<Command> commands) {
    for (const auto command : commands) bits_ |= bit(command);
  }
  constexpr bool contains(Command command) const { return (bits_ & bit(command)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr Commands operator|(Commands a, Commands b) {
    return Commands(a.bits_ | b.bits_);
  }
  friend constexpr Commands operator-(Commands a, Commands b) {
    return Commands(a.bits_ & ~b.bits_);
  }

 private:
  constexpr explicit Commands(unsigned bits) : bits_(bits) {}
  static constexpr unsigned bit(Command command) { return 1U << static_cast<unsigned>(command); }

  unsigned bits_ = 0;
};

struct CommandRow {
  Command command;
  std::string_view name;
  std::string_view arguments;  ///< "MODEL..."
  std::string_view about;      ///< lines for `fitvram help COMMAND`
  std::string_view examples;
};
std::span<const CommandRow> commands();
const CommandRow* find_command(std::string_view name);

/// Words that stand where a command does, and only print.
struct ServiceRow {
  std::string_view name;
  std::string_view arguments;
  std::string_view about;
};
std::span<const ServiceRow> services();

/// "gpus", "models", ... as `list` spells its subjects, in the order of Subject.
std::span<const std::string_view> subjects();
std::string_view name_of(Subject subject);
std::optional<Subject> find_subject(std::string_view name);

}  // namespace fitvram::cli
