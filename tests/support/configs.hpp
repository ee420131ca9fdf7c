#pragma once
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "catch.hpp"
#include "fitvram/parse.hpp"
#include "support/places.hpp"

namespace fitvram::test {

inline std::string config_text(const std::string& name) {
  std::ifstream file(test_data("configs/") + name + ".json", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// JSON with ' for ", so that it can be read in C++.
inline std::string quoted(std::string text) {
  for (char& c : text) {
    if (c == '\'') c = '"';
  }
  return text;
}

inline ModelInfo checked(Result<ModelInfo> model) {
  if (!model) FAIL(model.error().where << ": " << model.error().message);
  return std::move(model.value());
}

inline ModelInfo model_of_text(const std::string& text, const Checkpoint* checkpoint = nullptr) {
  INFO(text);
  return checked(parse_hf_config(quoted(text), "config.json", checkpoint));
}

/// A config of tests/data/configs by its name without ".json".
inline ModelInfo model_of_file(const std::string& name) {
  INFO(name);
  return checked(parse_hf_config(config_text(name), name + ".json"));
}

inline Hparams facts_of(const std::string& text) { return model_of_text(text).hparams; }

inline Error error_of(const std::string& text) {
  const auto model = parse_hf_config(quoted(text), "config.json");
  INFO(text);
  REQUIRE_FALSE(model);
  return model.error();
}

}  // namespace fitvram::test
