#pragma once
#include <string>

#include "cli/show/sheet.hpp"

namespace fitvram::cli {

// What `check` found, for people and spreadsheets; junit and github are rows of formats().
std::string checks_block(const CheckReport& body, const Style& style);
std::string checks_markdown(const CheckReport& body);
std::string checks_csv(const CheckReport& body);

}  // namespace fitvram::cli
