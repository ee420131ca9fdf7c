#pragma once
// The part of JSON Schema that data/schema uses.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace fitvram::test {

using Json = nlohmann::ordered_json;

inline bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_number_integer();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  return false;
}

/// Empty when `value` obeys `schema`, else the first place that does not and why.
inline std::string violation(const Json& root, const Json& schema, const Json& value,
                             const std::string& at = "") {
  if (schema.contains("$ref")) {
    const auto pointer = schema["$ref"].get<std::string>().substr(1);
    const auto wrong = violation(root, root.at(Json::json_pointer(pointer)), value, at);
    if (!wrong.empty()) return wrong;
  }
  if (schema.contains("oneOf")) {
    std::string reasons;
    const auto obeyed =
        std::count_if(schema["oneOf"].begin(), schema["oneOf"].end(), [&](const Json& s) {
          const auto wrong = violation(root, s, value, at);
          if (!wrong.empty()) reasons += wrong + "\n";
          return wrong.empty();
        });
    if (obeyed != 1)
      return at + ": obeys " + std::to_string(obeyed) + " of the choices:\n" + reasons;
  }
  if (schema.contains("const") && schema["const"] != value)
    return at + ": not " + schema["const"].dump();
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return at + ": " + value.dump() + " is none of " + schema["enum"].dump();
  if (schema.contains("type")) {
    const auto& type = schema["type"];
    const bool right =
        type.is_array()
            ? std::any_of(type.begin(), type.end(),
                          [&](const Json& t) { return has_type(value, t.get<std::string>()); })
            : has_type(value, type.get<std::string>());
    if (!right) return at + ": " + value.dump() + " is no " + type.dump();
  }
  if (schema.contains("minimum") && value.is_number() && value < schema["minimum"])
    return at + ": too small";
  if (schema.contains("minLength") && value.get<std::string>().empty()) return at + ": empty";
  if (value.is_object()) {
    for (const auto& key : schema.value("required", Json::array()))
      if (!value.contains(key.get<std::string>())) return at + ": lacks " + key.dump();
    const auto properties = schema.value("properties", Json::object());
    if (schema.contains("additionalProperties"))
      for (const auto& [key, below] : value.items()) {
        if (properties.contains(key)) continue;
        if (schema["additionalProperties"].is_boolean()) return at + ": has " + key;
        const auto wrong = violation(root, schema["additionalProperties"], below, at + "/" + key);
        if (!wrong.empty()) return wrong;
      }
    for (const auto& [key, below] : properties.items())
      if (value.contains(key)) {
        const auto wrong = violation(root, below, value[key], at + "/" + key);
        if (!wrong.empty()) return wrong;
      }
  }
  if (value.is_array() && schema.contains("items"))
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto wrong = violation(root, schema["items"], value[i], at + "/" + std::to_string(i));
      if (!wrong.empty()) return wrong;
    }
  return "";
}

}  // namespace fitvram::test
