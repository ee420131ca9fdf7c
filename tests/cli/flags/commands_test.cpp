#include "cli/flags/commands.hpp"

#include "catch.hpp"

using namespace fitvram::cli;

TEST_CASE("subjects are found by the names they have") {
  CHECK(find_subject("Cache-Types") == Subject::cache_types);
  CHECK(name_of(Subject::architectures) == "architectures");
  CHECK_FALSE(find_subject("cards"));
}

TEST_CASE("sets of commands are added and taken away") {
  constexpr Commands some{Command::rank, Command::show};
  CHECK((some | Commands{Command::list}).contains(Command::list));
  CHECK_FALSE((some - Commands{Command::show}).contains(Command::show));
  CHECK((some - some).empty());
}
