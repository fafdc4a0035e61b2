#include "nodes/diffusion/hypernetwork.h"

#include <ATen/ATen.h>

namespace heddle::diffusion {
namespace {

struct NamedActivation {
  std::string_view name;
  Activation apply;
};
constexpr NamedActivation kActivations[] = {
    {"linear", [](const Tensor& x) { return x; }},
    {"relu", [](const Tensor& x) { return at::relu(x); }},
    {"leakyrelu", [](const Tensor& x) { return at::leaky_relu(x); }},
    {"elu", [](const Tensor& x) { return at::elu(x); }},
    {"swish", [](const Tensor& x) { return at::hardswish(x); }},  // so named by its author
    {"tanh", [](const Tensor& x) { return at::tanh(x); }},
    {"sigmoid", [](const Tensor& x) { return at::sigmoid(x); }},
    {"softsign", [](const Tensor& x) { return x / (x.abs() + 1); }},
    {"celu", [](const Tensor& x) { return at::celu(x); }},
    {"gelu", [](const Tensor& x) { return at::gelu(x); }},
    {"hardsigmoid", [](const Tensor& x) { return at::hardsigmoid(x); }},
    {"hardswish", [](const Tensor& x) { return at::hardswish(x); }},
    {"hardtanh", [](const Tensor& x) { return at::hardtanh(x); }},
    {"mish", [](const Tensor& x) { return at::mish(x); }},
    {"relu6", [](const Tensor& x) { return at::clamp(x, 0, 6); }},
    {"selu", [](const Tensor& x) { return at::selu(x); }},
    {"silu", [](const Tensor& x) { return diffusion::silu(x); }},
    {"softplus", [](const Tensor& x) { return at::softplus(x); }},
};

Tensor run(const HypernetworkModule& module, Tensor x) {
  for (const HypernetworkLayer& layer : module) {
    x = linear(x, layer.linear);
    if (layer.activation) x = layer.activation(x);
    if (layer.norm) x = layer_norm(x, *layer.norm);
  }
  return x;
}

}  // namespace

Activation find_activation(std::string_view name) {
  for (const NamedActivation& activation : kActivations) {
    if (activation.name == name) return activation.apply;
  }
  return nullptr;
}

std::vector<std::string_view> activation_names() {
  std::vector<std::string_view> names;
  for (const NamedActivation& activation : kActivations) names.push_back(activation.name);
  return names;
}

AttentionContext apply_hypernetwork(const Hypernetwork& network, const AttentionContext& context,
                                    double strength) {
  AttentionContext changed = context;
  if (const auto k = network.modules.find(context.k.size(-1)); k != network.modules.end()) {
    changed.k = context.k + run(k->second.first, context.k) * strength;
  }
  if (const auto v = network.modules.find(context.v.size(-1)); v != network.modules.end()) {
    changed.v = context.v + run(v->second.second, context.v) * strength;
  }
  return changed;
}

}  // namespace heddle::diffusion
