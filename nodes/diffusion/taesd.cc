#include "nodes/diffusion/taesd.h"

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "nodes/diffusion/layer_reader.h"
#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {
namespace {

using Window = LayerReader::Window;
using Bias = LayerReader::Bias;

constexpr int kHalvings = 3;  // halvings of the size
constexpr int kBlocksOfLevel = 3;

/// Three convolutions beside the identity.
struct Block {
  std::array<Conv2d, 3> convs;
};

/// Between `first` and `last`, blocks and what changes the size: a convolution of stride 2 before
/// the blocks of each level of the encoder, one after doubling behind those of the decoder.
struct Half {
  Conv2d first, last;
  std::vector<std::vector<Block>> levels;
  std::vector<Conv2d> resample;
};

struct Network {
  Half encoder, decoder;
  double latent_scale = 1;
  int latent_channels = 0;
  size_t bytes = 0;
};

// Follows the numbers of a torch Sequential, where activations count too.
class HalfReader {
 public:
  HalfReader(LayerReader& reader, std::string prefix, int64_t width, int first)
      : reader_(reader), prefix_(std::move(prefix)), width_(width), next_(first) {}

  void skip() { ++next_; }
  Conv2d conv(int64_t in, int64_t out) { return reader_.conv2d(name(), in, out, LayerReader::k3x3); }
  Conv2d resampling(Window window) {
    return reader_.conv2d(name(), width_, width_, window, Bias::kNone);
  }
  std::vector<Block> blocks(int count) {
    std::vector<Block> blocks(static_cast<size_t>(count));
    for (Block& block : blocks) {
      const std::string inside = name() + ".conv.";
      for (size_t i = 0; i < block.convs.size(); ++i) {
        block.convs[i] = reader_.conv2d(inside + std::to_string(2 * i), width_, width_, LayerReader::k3x3);
      }
    }
    return blocks;
  }

 private:
  std::string name() { return prefix_ + std::to_string(next_++); }

  LayerReader& reader_;
  std::string prefix_;
  int64_t width_;
  int next_;
};

Half read_encoder(LayerReader& reader, int64_t latent_channels) {
  const std::string prefix = "taesd_encoder.";
  const int64_t width = reader.size(prefix + "0.weight", 4, 0);
  HalfReader half(reader, prefix, width, 0);
  Half encoder;
  encoder.first = half.conv(3, width);
  encoder.levels.push_back(half.blocks(1));
  for (int level = 0; level < kHalvings; ++level) {
    encoder.resample.push_back(half.resampling(LayerReader::kHalving));
    encoder.levels.push_back(half.blocks(kBlocksOfLevel));
  }
  encoder.last = half.conv(width, latent_channels);
  return encoder;
}

Half read_decoder(LayerReader& reader) {
  const std::string prefix = "taesd_decoder.", first = prefix + "1.weight";  // 0 limits its input
  const int64_t width = reader.size(first, 4, 0);
  HalfReader half(reader, prefix, width, 1);
  Half decoder;
  decoder.first = half.conv(reader.size(first, 4, 1), width);
  half.skip();  // the activation
  for (int level = 0; level < kHalvings; ++level) {
    decoder.levels.push_back(half.blocks(kBlocksOfLevel));
    half.skip();  // doubling
    decoder.resample.push_back(half.resampling(LayerReader::k3x3));
  }
  decoder.levels.push_back(half.blocks(1));
  decoder.last = half.conv(width, 3);
  return decoder;
}

class TinyNetwork final : public VaeNetwork {
 public:
  explicit TinyNetwork(Network network) : network_(std::move(network)) {}

  size_t bytes() const override { return network_.bytes; }
  int latent_channels() const override { return network_.latent_channels; }
  int scale() const override { return 1 << kHalvings; }

  Tensor encode(const Tensor& image, const Heartbeat& heartbeat) const override {
    const Half& net = network_.encoder;
    Tensor h = conv(image * 0.5 + 0.5, net.first, heartbeat);  // it was trained on 0..1
    h = run(std::move(h), net.levels[0], heartbeat);
    for (size_t level = 0; level < net.resample.size(); ++level) {
      h = conv(h, net.resample[level], heartbeat);
      h = run(std::move(h), net.levels[level + 1], heartbeat);
    }
    return conv(h, net.last, heartbeat) / network_.latent_scale;
  }

  Tensor decode(const Tensor& latent, const Heartbeat& heartbeat, const Vae::Tap&) const override {
    const Half& net = network_.decoder;
    Tensor h = conv(limited(latent * network_.latent_scale), net.first, heartbeat).relu_();
    for (size_t level = 0; level < net.resample.size(); ++level) {
      h = run(std::move(h), net.levels[level], heartbeat);
      h = conv(upsample_nearest(h, 2 * h.size(2), 2 * h.size(3)), net.resample[level], heartbeat);
    }
    h = run(std::move(h), net.levels.back(), heartbeat);
    return (conv(h, net.last, heartbeat) - 0.5) * 2;
  }

 private:
  static Tensor conv(const Tensor& x, const Conv2d& layer, const Heartbeat& heartbeat) {
    beat(heartbeat);
    return conv2d(x, layer);
  }

  // Row by row, so that where ATen's vectors end does not depend on the number of threads.
  static Tensor limited(const Tensor& x) {
    Tensor y = x / 3;
    for (const Tensor& row : y.view({-1, y.size(-1)}).unbind(0)) row.tanh_();
    return y.mul_(3);
  }

  static Tensor run(Tensor h, const std::vector<Block>& blocks, const Heartbeat& heartbeat) {
    for (const Block& block : blocks) {
      Tensor inner = conv(h, block.convs[0], heartbeat).relu_();
      inner = conv(inner, block.convs[1], heartbeat).relu_();
      h = conv(inner, block.convs[2], heartbeat).add_(h).relu_();
    }
    return h;
  }

  Network network_;
};

class PixelSpace final : public VaeNetwork {
 public:
  size_t bytes() const override { return 0; }
  int latent_channels() const override { return 3; }
  int scale() const override { return 1; }
  Tensor encode(const Tensor& image, const Heartbeat&) const override { return image; }
  Tensor decode(const Tensor& latent, const Heartbeat&, const Vae::Tap&) const override {
    return latent;
  }
};

}  // namespace

std::unique_ptr<const VaeNetwork> read_tiny_network(const Weights& weights, double latent_scale,
                                                    const Heartbeat& heartbeat) {
  LayerReader reader(weights, "Tiny AutoEncoder", heartbeat);
  Network net;
  net.latent_scale = latent_scale;
  net.decoder = read_decoder(reader);
  net.latent_channels = int(net.decoder.first.weight.size(1));
  net.encoder = read_encoder(reader, net.latent_channels);
  for (const char* prefix : {"taesd_encoder.", "taesd_decoder."}) reader.expect_all_read(prefix);
  net.bytes = reader.bytes();
  return std::make_unique<const TinyNetwork>(std::move(net));
}

std::unique_ptr<const VaeNetwork> pixel_space_network() {
  return std::make_unique<const PixelSpace>();
}

}  // namespace heddle::diffusion
