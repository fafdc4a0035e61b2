#include "engine/declaration.h"

namespace heddle {

int NodeDeclaration::find_input(std::string_view input) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].name == input) return int(i);
  }
  return -1;
}

std::vector<std::string> NodeDeclaration::input_names() const {
  std::vector<std::string> names;
  for (const InputSpec& input : inputs) names.push_back(input.name);
  return names;
}

}  // namespace heddle
