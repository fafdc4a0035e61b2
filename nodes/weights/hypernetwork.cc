#include "nodes/weights/hypernetwork.h"

#include <ATen/ATen.h>

#include <charconv>
#include <tuple>

namespace heddle::weights {
namespace {

using diffusion::Activation;
using diffusion::HypernetworkLayer;
using diffusion::HypernetworkModule;

// "768[1].linear.2.weight" in pieces. The first files have "linear1." and "linear2.".
struct Key {
  int64_t width = 0, side = 0, layer = 0;  // side 0: keys, 1: values
};
constexpr std::string_view kWeight = ".weight";

// Takes a number and what follows it off the front of `text`.
bool take(std::string_view& text, int64_t& number, std::string_view after) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(size_t(end - text.data()));
  if (!text.starts_with(after)) return false;
  text.remove_prefix(after.size());
  return true;
}

std::optional<Key> weight_key(std::string_view text) {
  Key key;
  if (!text.ends_with(kWeight)) return std::nullopt;
  text.remove_suffix(kWeight.size());
  if (!take(text, key.width, "[") || !take(text, key.side, "].")) return std::nullopt;
  if (key.side > 1 || !text.starts_with("linear")) return std::nullopt;
  text.remove_prefix(std::string_view("linear").size());
  if (text.starts_with(".")) text.remove_prefix(1);
  if (!take(text, key.layer, "") || !text.empty()) return std::nullopt;
  return key;
}

class HypernetworkReader {
 public:
  explicit HypernetworkReader(const TensorFile& file) : file_(file) {}

  diffusion::Hypernetwork read() {
    read_settings();
    for (const std::string& name : file_.names_in_order()) {
      const auto key = weight_key(name);
      if (!key) continue;
      const auto [other, is_new] =
          layers_.emplace(std::tuple(key->width, key->side, key->layer), name);
      if (!is_new) fail(in_quotes(name) + " and " + in_quotes(other->second) + " are one layer");
    }
    for (const auto& [key, name] : layers_) add(std::get<0>(key), std::get<1>(key), name);
    if (network_.modules.empty()) {
      fail("no modules (\"768[0].linear.0.weight\"...) are in it: it is no hypernetwork");
    }
    for (auto& [width, modules] : network_.modules) {
      finish(width, modules.first, "keys");
      finish(width, modules.second, "values");
    }
    return std::move(network_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(file_.name() + ": " + problem);
  }

  bool is_set(const std::string& setting) const {
    const auto found = file_.metadata().find(setting);
    return found != file_.metadata().end() && found->second == "true";
  }

  void read_settings() {
    activates_output_ = is_set("activate_output");
    const auto found = file_.metadata().find("activation_func");
    if (found == file_.metadata().end() || found->second == "linear") return;
    activation_ = diffusion::find_activation(found->second);
    if (activation_) return;
    std::string known;
    for (const std::string_view name : diffusion::activation_names()) {
      known.append(known.empty() ? "" : ", ").append(name);
    }
    fail("its activation_func " + in_quotes(found->second) + " is not one of " + known);
  }

  at::Tensor read_tensor(const std::string& name, const std::vector<int64_t>& shape) const {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) fail("tensor " + in_quotes(name) + " is missing");
    if (found->second.shape != shape) {
      fail("tensor " + in_quotes(name) + " has shape " + shape_text(found->second.shape) +
           "; expected " + shape_text(shape));
    }
    const at::Tensor tensor = file_.tensor(name).to(at::kFloat, false, /*copy=*/true);
    file_.check_unchanged();
    if (!at::isfinite(tensor).all().item<bool>()) {
      fail("tensor " + in_quotes(name) + " holds NaN or infinity; the training went wrong");
    }
    return tensor;
  }

  void add(int64_t width, int64_t side, const std::string& name) {
    auto& modules = network_.modules[width];
    HypernetworkModule& module = side == 0 ? modules.first : modules.second;
    const auto& shape = file_.tensors().at(name).shape;
    const std::string bias = name.substr(0, name.size() - kWeight.size()) + ".bias";
    const int64_t in = module.empty() ? width : module.back().linear.weight.size(0);
    if (shape.size() == 1 && !module.empty() && !module.back().norm) {
      module.back().norm = {read_tensor(name, {in}), read_tensor(bias, {in})};
      return;
    }
    const int64_t out = shape.empty() ? 0 : shape[0];
    module.push_back({{read_tensor(name, {out, in}), read_tensor(bias, {out})}, activation_, {}});
  }

  void finish(int64_t width, HypernetworkModule& module, const char* side) const {
    const int64_t out = module.empty() ? 0 : module.back().linear.weight.size(0);
    if (out != width) {
      fail("its module of width " + std::to_string(width) + " for " + side +
           (module.empty() ? " is missing" : " gives " + std::to_string(out) + " numbers"));
    }
    if (!activates_output_) module.back().activation = nullptr;
  }

  const TensorFile& file_;
  std::map<std::tuple<int64_t, int64_t, int64_t>, std::string> layers_;  // width, side, layer
  diffusion::Hypernetwork network_;
  Activation activation_ = nullptr;
  bool activates_output_ = false;
};

}  // namespace

diffusion::Hypernetwork read_hypernetwork(const TensorFile& file) {
  return HypernetworkReader(file).read();
}

}  // namespace heddle::weights
