#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

// What `check` found: for people, for spreadsheets, and for the formats that only it has.
std::string checks_block(const CheckReport& body, const Style& style);
std::string checks_markdown(const CheckReport& body);
std::string checks_csv(const CheckReport& body);

/// Test results as build servers read them.
std::string render_junit(const Report& report, const Style& style);
/// Annotations of a catalogue's lines in a pull request.
std::string render_github(const Report& report, const Style& style);

}  // namespace fitvram::cli
