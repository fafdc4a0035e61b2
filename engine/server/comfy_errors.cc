#include "engine/server/comfy_errors.h"

#include <utility>

namespace heddle::server {
namespace {

constexpr size_t kMostListed = 20;

std::string python_repr(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        if (c == quote || c == '\\') out += '\\';
        out += c;
    }
  }
  return out + quote;
}

// REQUIRES: a depth that parse_json lets through.
std::string python_repr(const Json& value) {
  if (value.is_string()) return python_repr(value.get_ref<const std::string&>());
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (!value.is_structured()) return dump_python(value);
  std::string out;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (!out.empty()) out += ", ";
    if (value.is_object()) out += python_repr(item.key()) + ": ";
    out += python_repr(*item);
  }
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

Json place_info(const InputPlace& place) {
  return {{"input_name", place.name}, {"input_config", place.config}, {"received_value", place.value}};
}

Json out_of_bounds(const InputPlace& place, const char* type, const char* how, const char* bound_name,
                   const Json& bound) {
  return comfy_error(
      type, "Value " + python_str(place.value) + " " + how + " than " + bound_name + " of " + python_str(bound),
      place.name, place_info(place));
}

}  // namespace

std::string python_str(const Json& value) { return value.is_string() ? value.get<std::string>() : python_repr(value); }

Json comfy_error(const std::string& type, const std::string& message, const std::string& details, Json extra_info) {
  return {{"type", type}, {"message", message}, {"details", details}, {"extra_info", std::move(extra_info)}};
}

Json required_input_missing(const std::string& input) {
  return comfy_error("required_input_missing", "Required input is missing", input, {{"input_name", input}});
}

Json bad_linked_input(const InputPlace& place) {
  return comfy_error("bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                     place.name, place_info(place));
}

Json return_type_mismatch(const InputPlace& link, const std::string& received, const std::string& wanted) {
  return comfy_error("return_type_mismatch", "Return type mismatch between linked nodes",
                     link.name + ", received_type(" + received + ") mismatch input_type(" + wanted + ")",
                     {{"input_name", link.name},
                      {"input_config", link.config},
                      {"received_type", received},
                      {"linked_node", link.value}});
}

Json invalid_input_type(const InputPlace& place, const std::string& type, const std::string& reason) {
  Json info = place_info(place);
  info["exception_message"] = reason;
  return comfy_error("invalid_input_type", "Failed to convert an input value to a " + type + " value",
                     place.name + ", " + python_str(place.value) + ", " + reason, std::move(info));
}

Json value_too_small(const InputPlace& place, const Json& min) {
  return out_of_bounds(place, "value_smaller_than_min", "smaller", "min", min);
}

Json value_too_big(const InputPlace& place, const Json& max) {
  return out_of_bounds(place, "value_bigger_than_max", "bigger", "max", max);
}

Json value_not_in_list(InputPlace place, const std::vector<std::string>& choices) {
  std::string listed = "(list of length " + std::to_string(choices.size()) + ")";
  if (choices.size() <= kMostListed) {
    listed = python_repr(Json(choices));
  } else {
    place.config = nullptr;
  }
  return comfy_error("value_not_in_list", "Value not in list",
                     place.name + ": '" + python_str(place.value) + "' not in " + listed, place_info(place));
}

Json custom_validation_failed(const std::string& input, const std::string& reason) {
  return comfy_error("custom_validation_failed", "Custom validation failed for node",
                     input.empty() ? reason : input + " - " + reason, {{"input_name", input}});
}

Json raised_inside(const InputPlace& link, const Raised& raised) {
  return comfy_error("exception_during_inner_validation", "Exception when validating inner node", raised.text,
                     {{"input_name", link.name},
                      {"input_config", link.config},
                      {"exception_message", raised.text},
                      {"exception_type", raised.type},
                      {"traceback", Json::array()},
                      {"linked_node", link.value}});
}

Json raised_in_output(const Raised& raised) {
  return comfy_error("exception_during_validation", "Exception when validating node", raised.text,
                     {{"exception_type", raised.type}, {"traceback", Json::array()}});
}

}  // namespace heddle::server
