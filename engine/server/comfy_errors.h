// Errors of a prompt in ComfyUI's fields and words, one function each; comfyui_spec.md section 3 has the table.
#pragma once

#include <string>
#include <vector>

#include "engine/declaration.h"
#include "engine/json.h"

namespace heddle::server {

/// As Python's str() writes it: text as it is, True, None, 0.5, ['a', 'b'].
std::string python_str(const Json& value);

Json comfy_error(const std::string& type, const std::string& message, const std::string& details,
                 Json extra_info = Json::object());

/// Where an error is: the input, its declaration as in /object_info, and the value that was received.
struct InputPlace {
  std::string name;
  Json config;
  Json value;
};

Json required_input_missing(const std::string& input);
Json bad_linked_input(const InputPlace& place);
Json return_type_mismatch(const InputPlace& link, const std::string& received, const std::string& wanted);
Json invalid_input_type(const InputPlace& place, const std::string& type, const std::string& reason);
Json value_too_small(const InputPlace& place, const Json& min);
Json value_too_big(const InputPlace& place, const Json& max);
Json value_not_in_list(InputPlace place, const std::vector<std::string>& choices);
Json custom_validation_failed(const std::string& input, const std::string& reason);

/// What ComfyUI's validation raises, by Python's name of the exception.
struct Raised {
  std::string type, text;
};
/// `link` is the input, of another node, through which the node was looked at.
Json raised_inside(const InputPlace& link, const Raised& raised);
Json raised_in_output(const Raised& raised);

}  // namespace heddle::server
