#include "engine/cli/pretty_json.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heddle::cli {
namespace {

std::string plain_value(const Json& json) {
  if (json.is_number_float() && !std::isfinite(json.get<double>())) return dump_python(json);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_plain_list(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(),
                                        [](const Json& item) { return !item.is_structured(); });
}

std::string list_text(const Json& list) {
  std::string text = "[";
  for (const Json& item : list) text += (text.size() > 1 ? ", " : "") + plain_value(item);
  return text + "]";
}

// A list or object that is being written.
struct Open {
  const Json* json;
  Json::const_iterator at;
};

}  // namespace

std::string pretty_json(const Json& json) {
  std::string text;
  std::vector<Open> open;
  const auto write = [&](const Json& value) {
    if (value.empty() && value.is_object()) {
      text += "{}";
    } else if (is_plain_list(value)) {
      text += list_text(value);
    } else if (!value.is_structured()) {
      text += plain_value(value);
    } else {
      text += value.is_object() ? "{" : "[";
      open.push_back({&value, value.begin()});
    }
  };
  write(json);
  while (!open.empty()) {
    Open& top = open.back();
    const bool is_object = top.json->is_object();
    if (top.at == top.json->end()) {
      open.pop_back();
      text += '\n';
      text.append(2 * open.size(), ' ') += is_object ? '}' : ']';
      continue;
    }
    text += top.at == top.json->begin() ? "\n" : ",\n";
    text.append(2 * open.size(), ' ');
    if (is_object) text.append(plain_value(top.at.key())) += ": ";
    const Json& value = *top.at;
    ++top.at;
    write(value);  // may move `top`
  }
  return text + "\n";
}

}  // namespace heddle::cli
