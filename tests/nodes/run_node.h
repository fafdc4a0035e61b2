// One node with values of a test's own, without a graph around it.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>
#include <variant>

#include "engine/folders.h"
#include "engine/literal.h"
#include "engine/registry.h"
#include "nodes/register.h"
#include "nodes/values.h"

namespace heddle::test {

/// A literal, or a value as it comes by a link.
using Given = std::variant<Json, ValuePtr>;

template <class T>
Given link(T value) {
  return ValuePtr(std::make_shared<const Typed<T>>(std::move(value)));
}
inline Given image(const at::Tensor& pixels) { return link(Image{pixels}); }
inline Given mask(const at::Tensor& values) { return link(Mask{values}); }
inline Given latent(const at::Tensor& samples) { return link(Latent{samples, {}, {}}); }
inline Given literal(Json json) { return json; }

struct NodeResult {
  Values values;
  Json ui;
  std::string warnings;

  template <class T>
  const T& get(int slot = 0) const {
    return typed_value<T>(values.at(size_t(slot)), "result")->data;
  }
  at::Tensor pixels(int slot = 0) const { return get<Image>(slot).pixels; }
  at::Tensor mask(int slot = 0) const { return get<Mask>(slot).values; }
  at::Tensor samples(int slot = 0) const { return get<Latent>(slot).samples; }
};

inline const Registry& all_nodes() {
  static const Registry nodes = [] {
    Registry registry;
    register_nodes(registry);
    return registry;
  }();
  return nodes;
}

/// Runs a node; what is not given takes its default, the first of its choices or, if it is optional, nothing.
inline NodeResult run_node(const std::string& name, const std::map<std::string, Given>& given) {
  const NodeDeclaration* declaration = all_nodes().find(name);
  if (!declaration) throw std::logic_error("no node " + name);
  for (const auto& [input, value] : given) {
    if (declaration->find_input(input) < 0) throw std::logic_error(name + " has no input " + input);
  }
  const auto node = declaration->make();
  for (InputSocket* socket : node->inputs) {
    const InputSpec& spec = socket->spec;
    const auto found = given.find(spec.name);
    if (found != given.end() && std::holds_alternative<ValuePtr>(found->second)) {
      socket->bind(std::get<ValuePtr>(found->second));
      continue;
    }
    Json json = found != given.end() ? std::get<Json>(found->second) : spec.default_value;
    if (json.is_null() && !spec.required) continue;
    if (json.is_null() && !spec.choices.empty()) json = spec.choices.front();
    const auto cast = cast_literal(json, spec.type);
    if (json.is_null() || !cast) throw std::logic_error(name + "." + spec.name + " needs a value");
    if (const auto problem = range_problem(*cast, spec)) throw std::logic_error(*problem);
    socket->bind(*cast, Folders());
  }
  NodeResult result;
  RunContext context;
  context.on_warning = [&](const std::string& warning) { result.warnings += warning; };
  node->run(context);
  for (const OutputSocket* output : node->outputs) result.values.push_back(output->value());
  result.ui = context.ui;
  return result;
}

/// Whole numbers 0, 1, 2... in a shape.
inline at::Tensor counted(at::IntArrayRef shape) {
  return at::arange(c10::multiply_integers(shape), at::kFloat).reshape(shape);
}

inline at::Tensor row(std::initializer_list<float> values) {
  return at::tensor(at::ArrayRef<float>(values.begin(), values.size()));
}

}  // namespace heddle::test
