#include "nodes/diffusion/layer_reader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace heddle::diffusion {

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

LayerReader::LayerReader(const Weights& weights, std::string network, Heartbeat heartbeat)
    : weights_(weights),
      network_(std::move(network)),
      heartbeat_(std::move(heartbeat)),
      names_(weights.names()) {}

Conv2d LayerReader::conv2d(const std::string& name, int64_t in, int64_t out, Window window,
                           Bias bias) {
  return {read(name + ".weight", {out, in, window.kernel, window.kernel}),
          bias == Bias::kPresent ? read(name + ".bias", {out}) : Tensor(), window.stride,
          window.padding,
          beside(name + ".weight", {-1, in, window.kernel, window.kernel}, {out, -1, 1, 1})};
}

Linear LayerReader::linear(const std::string& name, int64_t in, int64_t out, Bias bias) {
  const auto shape = weights_.shape(name + ".weight");
  const bool is_convolution = shape && shape->size() == 4;
  const Shape expected = is_convolution ? Shape{out, in, 1, 1} : Shape{out, in};
  return {read(name + ".weight", expected).view({out, in}),
          bias == Bias::kPresent ? read(name + ".bias", {out}) : Tensor(),
          beside(name + ".weight", {-1, in}, {out, -1})};
}

GroupNorm LayerReader::group_norm(const std::string& name, int64_t channels, double eps) {
  if (channels % kNormGroups != 0) {
    fail(name + ": " + std::to_string(channels) + " channels cannot be normalised in " +
         std::to_string(kNormGroups) + " groups");
  }
  return {read(name + ".weight", {channels}), read(name + ".bias", {channels}), eps};
}

LayerNorm LayerReader::layer_norm(const std::string& name, int64_t width) {
  return {read(name + ".weight", {width}), read(name + ".bias", {width}), 1e-5};
}

void LayerReader::expect_all_read(const std::string& prefix) const {
  for (const std::string& name : names_) {
    if (name.starts_with(prefix) && !read_.contains(name)) {
      fail("tensor " + name + " " + shape_text(weights_.shape(name).value()) +
           " has no place in this network; the file holds a network of another kind");
    }
  }
}

int64_t LayerReader::size(const std::string& tensor, size_t dimensions, size_t d) const {
  const auto shape = weights_.shape(tensor);
  if (!shape) fail("tensor " + tensor + " is missing; the file is incomplete or of another kind");
  constexpr int64_t kMost = 1 << 20;
  if (shape->size() != dimensions || shape->at(d) <= 0 || shape->at(d) > kMost) {
    fail("tensor " + tensor + " has shape " + shape_text(*shape) + ", expected " +
         std::to_string(dimensions) + " dimensions of 1 to " + std::to_string(kMost));
  }
  return shape->at(d);
}

int LayerReader::count(const std::string& prefix) const {
  constexpr int kMost = 1000;
  int count = 0;
  for (auto it = std::lower_bound(names_.begin(), names_.end(), prefix);
       it != names_.end() && it->starts_with(prefix); ++it) {
    const char* const end = it->data() + it->size();
    int n = -1;
    const auto [stop, error] = std::from_chars(it->data() + prefix.size(), end, n);
    if (error != std::errc() || n < 0 || n >= kMost || stop == end || *stop != '.') {
      fail("tensor " + *it + ": expected a number below " + std::to_string(kMost) +
           " and a dot after " + prefix);
    }
    count = std::max(count, n + 1);
  }
  return count;
}

std::optional<std::string> LayerReader::first(const std::string& prefix) const {
  const auto it = std::lower_bound(names_.begin(), names_.end(), prefix);
  if (it == names_.end() || !it->starts_with(prefix)) return std::nullopt;
  return *it;
}

Tensor LayerReader::read(const std::string& tensor, const Shape& expected) {
  beat(heartbeat_);
  const auto shape = weights_.shape(tensor);
  if (!shape) {
    fail("tensor " + tensor + " " + shape_text(expected) +
         " is missing; the file is incomplete or of another kind");
  }
  if (*shape != expected) {
    fail("tensor " + tensor + " has shape " + shape_text(*shape) + ", expected " +
         shape_text(expected));
  }
  const Tensor value = weights_.get(tensor);
  TORCH_INTERNAL_ASSERT(value.scalar_type() == at::kFloat && value.is_contiguous() &&
                        value.sizes() == at::IntArrayRef(expected));
  bytes_ += value.nbytes();
  read_.insert(tensor);
  return with_plain_strides(value);
}

// With down and up in the shapes that the layer computes with; -1 stands for the rank.
std::vector<LowRankTerm> LayerReader::beside(const std::string& tensor, const Shape& down,
                                             const Shape& up) {
  std::vector<LowRankTerm> terms = weights_.beside(tensor);
  for (LowRankTerm& term : terms) {
    bytes_ += term.down.nbytes() + term.up.nbytes();
    term.down = with_plain_strides(term.down).view(down);
    term.up = with_plain_strides(term.up).view(up);
  }
  return terms;
}

void LayerReader::fail(const std::string& message) const {
  throw std::runtime_error(network_ + ": " + message);
}

}  // namespace heddle::diffusion
