// Looking into JSON of any shape: what is missing or of another type reads as nothing, never as an
// exception.
#pragma once

#include <string_view>

#include "engine/json.h"

namespace heddle {

/// The value of `key`, or null if `json` is no object or lacks it.
inline const Json& member(const Json& json, std::string_view key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  for (auto item = json.begin(); item != json.end(); ++item) {
    if (item.key() == key) return *item;
  }
  return kNull;
}

/// A view into `json`, or `otherwise` if that is no text.
inline std::string_view text_or(const Json& json, std::string_view otherwise) {
  return json.is_string() ? std::string_view(json.get_ref<const std::string&>()) : otherwise;
}

inline bool is_true(const Json& json) { return json.is_boolean() && json.get<bool>(); }

/// Its items, or none if `json` is no list.
inline const Json::array_t& items_of(const Json& json) {
  static const Json::array_t kNone;
  return json.is_array() ? json.get_ref<const Json::array_t&>() : kNone;
}

}  // namespace heddle
