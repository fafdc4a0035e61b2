#include "nodes/diffusion/clip_network.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace heddle::diffusion {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw std::runtime_error("CLIP text encoder: " + message);
}

std::string text_of(const Shape& shape) {
  std::ostringstream out;
  out << at::IntArrayRef(shape);
  return out.str();
}

// On each row by itself: the end of what ATen hands to a thread is computed by scalar code, which
// rounds differently from vectorised code, so it must not move with the number of threads.
template <typename Activate>
void for_each_row(const Tensor& x, Activate activate) {
  constexpr int64_t kWorthAThread = 1 << 15;  // elements
  const int64_t rows = std::max<int64_t>(1, kWorthAThread / x.size(1));
  at::parallel_for(0, x.size(0), rows, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode inference;  // of this thread
    for (int64_t i = begin; i < end; ++i) activate(x.select(0, i));
  });
}

}  // namespace

/// Takes tensors out of Weights, checks their shapes before it reads them, and counts bytes.
class ClipNetwork::Reader {
 public:
  explicit Reader(const Weights& weights) : weights_(weights) {}

  Tensor tensor(const std::string& name, const Shape& expected) {
    if (const Shape seen = shape(name); seen != expected) {
      fail("tensor " + name + " has shape " + text_of(seen) + "; expected " + text_of(expected));
    }
    const Tensor tensor = weights_.get(name);
    bytes_ += tensor.nbytes();
    return tensor;
  }
  Linear linear(const std::string& name, int64_t in, int64_t out) {
    return {tensor(name + ".weight", {out, in}), tensor(name + ".bias", {out})};
  }
  LayerNorm layer_norm(const std::string& name, int64_t width) {
    return {tensor(name + ".weight", {width}), tensor(name + ".bias", {width})};
  }
  Layer layer(const std::string& name, int64_t width) {
    const int64_t inner = matrix(name + ".mlp.fc1.weight")[0];
    return {.norm1 = layer_norm(name + ".layer_norm1", width),
            .norm2 = layer_norm(name + ".layer_norm2", width),
            .q = linear(name + ".self_attn.q_proj", width, width),
            .k = linear(name + ".self_attn.k_proj", width, width),
            .v = linear(name + ".self_attn.v_proj", width, width),
            .out = linear(name + ".self_attn.out_proj", width, width),
            .fc1 = linear(name + ".mlp.fc1", width, inner),
            .fc2 = linear(name + ".mlp.fc2", inner, width)};
  }

  Shape shape(const std::string& name) const {
    const auto shape = weights_.shape(name);
    if (!shape) fail("tensor " + name + " is missing");
    return *shape;
  }
  Shape matrix(const std::string& name) const {
    Shape seen = shape(name);
    if (seen.size() == 2) return seen;
    fail("tensor " + name + " has shape " + text_of(seen) + "; expected a matrix");
  }
  // One more than the largest index: a layer missing in between is an error and not the end.
  size_t layers(const std::string& prefix) const {
    size_t layers = 0;
    for (const std::string& name : weights_.names()) {
      if (!name.starts_with(prefix)) continue;
      size_t index = kMostLayers;
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), index);
      if (index >= kMostLayers) fail("tensor " + name + " does not belong to a layer 0 to 999");
      layers = std::max(layers, index + 1);
    }
    if (layers == 0) fail("there is no tensor " + prefix + "0.*");
    return layers;
  }
  bool has(const std::string& name) const { return weights_.shape(name).has_value(); }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kMostLayers = 1000;

  const Weights& weights_;
  size_t bytes_ = 0;
};

ClipNetwork::ClipNetwork(const Weights& weights, Activation activation, const Heartbeat& heartbeat)
    : activation_(activation) {
  const std::string model = "text_model.", tokens = model + "embeddings.token_embedding.weight";
  const std::string projection = "text_projection.weight";
  Reader reader(weights);
  const Shape embedding = reader.matrix(tokens);
  const int64_t width = embedding[1];
  if (width == 0 || width % kHeadWidth != 0) {
    fail("tensor " + tokens + " is " + std::to_string(width) +
         " wide; expected a multiple of 64, the width of a head");
  }
  token_embedding_ = reader.tensor(tokens, embedding);
  position_embedding_ =
      reader.tensor(model + "embeddings.position_embedding.weight", {kTokens, width});
  const std::string prefix = model + "encoder.layers.";
  for (size_t i = 0, layers = reader.layers(prefix); i < layers; ++i) {
    if (heartbeat) heartbeat();
    layers_.push_back(reader.layer(prefix + std::to_string(i), width));
  }
  final_norm_ = reader.layer_norm(model + "final_layer_norm", width);
  if (reader.has(projection)) {
    projection_.weight = reader.tensor(projection, {reader.matrix(projection)[0], width});
  }
  bytes_ = reader.bytes();
}

size_t ClipNetwork::bytes() const { return bytes_; }

Tensor ClipNetwork::embed(const Tensor& ids) const { return at::embedding(token_embedding_, ids); }

std::vector<Tensor> ClipNetwork::run(const Tensor& embedded, const Heartbeat& heartbeat) const {
  Tensor x = embedded + position_embedding_;  // [77, W]
  std::vector<Tensor> outputs;
  for (const Layer& layer : layers_) {
    if (heartbeat) heartbeat();
    x = forward(x, layer);
    outputs.push_back(x);
  }
  return outputs;
}

Tensor ClipNetwork::final_norm(const Tensor& hidden) const {
  return layer_norm(hidden, final_norm_);
}

Tensor ClipNetwork::project(const Tensor& state) const {
  return projection_.weight.defined() ? linear(state, projection_) : state;
}

Tensor ClipNetwork::forward(const Tensor& x, const Layer& layer) const {
  const Tensor attended = x + attention(layer_norm(x, layer.norm1), layer);
  const Tensor inner = linear(layer_norm(attended, layer.norm2), layer.fc1);  // [77, 4 W]
  for_each_row(inner, [this](Tensor row) {
    if (activation_ == Activation::kGelu) {
      at::gelu_(row);
    } else {
      row.mul_(at::sigmoid(row * 1.702));
    }
  });
  return attended + linear(inner, layer.fc2);
}

// Causal: a token sees itself and those before it.
Tensor ClipNetwork::attention(const Tensor& x, const Layer& layer) {
  const auto heads = [&](const Linear& projection) {
    const Tensor y = linear(x, projection);
    return y.view({1, y.size(0), -1, kHeadWidth}).transpose(1, 2);  // [1, h, 77, 64]
  };
  const Tensor q = heads(layer.q), k = heads(layer.k), v = heads(layer.v);
  const Tensor y = at::scaled_dot_product_attention(q, k, v, /*attn_mask=*/{}, /*dropout_p=*/0,
                                                    /*is_causal=*/true);
  return linear(y.transpose(1, 2).reshape(x.sizes()), layer.out);
}

Tensor ClipNetwork::layer_norm(const Tensor& x, const LayerNorm& layer) {
  return at::layer_norm(x, layer.weight.sizes(), layer.weight, layer.bias, /*eps=*/1e-5);
}

// oneDNN's matrix product: MKL's (at::linear) sums in another order when the number of threads
// changes, and differs by up to 3e-6 then.
Tensor ClipNetwork::linear(const Tensor& x, const Linear& layer) {
  using Signature =
      Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
             c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto product = c10::Dispatcher::singleton()
                                  .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                                  .typed<Signature>();
  const auto bias = layer.bias.defined() ? std::optional(layer.bias) : std::nullopt;
  return product.call(x, layer.weight, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

}  // namespace heddle::diffusion
