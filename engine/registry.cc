#include "engine/registry.h"

#include <algorithm>
#include <stdexcept>

namespace heddle {

void Registry::add(const NodeInfo& info, std::function<std::unique_ptr<Node>()> make) {
  NodeDeclaration declaration;
  declaration.info = info;
  declaration.name = info.name;
  declaration.display_name = info.display_name.empty() ? info.name : info.display_name;
  const std::unique_ptr<Node> node = make();
  for (const InputSocket* input : node->inputs) declaration.inputs.push_back(input->spec);
  for (const OutputSocket* output : node->outputs) declaration.outputs.push_back(output->spec);
  declaration.make = std::move(make);
  add(std::move(declaration));
}

void Registry::add(NodeDeclaration declaration) {
  const auto shared = std::make_shared<const NodeDeclaration>(std::move(declaration));
  std::vector<std::string> names{shared->name};
  for (const Alias& alias : shared->info.aliases) {
    if (!alias.name.empty()) names.emplace_back(alias.name);
  }
  for (std::string& name : names) {
    if (!by_name_.emplace(name, shared).second) throw std::logic_error("two nodes are named " + name);
    names_.insert(std::lower_bound(names_.begin(), names_.end(), name), name);
  }
}

const std::string* Registry::missing_topic(std::string_view name) const {
  const auto found = missing_.find(name);
  return found == missing_.end() ? nullptr : &found->second;
}

const NodeDeclaration* Registry::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

}  // namespace heddle
