#include "nodes/diffusion/vae_network.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/diffusion/layer_reader.h"
#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {
namespace {

constexpr LayerReader::Window kHalvingPadded{3, 2, 0};  // after one row and column of padding at the far side only
constexpr double kEps = 1e-6;

struct ResidualBlock {
  GroupNorm norm1;
  Conv2d conv1;
  GroupNorm norm2;
  Conv2d conv2;
  std::optional<Conv2d> shortcut;  // where the number of channels changes
};

/// One head over all cells.
struct AttentionBlock {
  GroupNorm norm;
  Linear q, k, v, out;
};

struct Middle {
  ResidualBlock block_1;
  AttentionBlock attn_1;
  ResidualBlock block_2;
};

struct Level {
  std::vector<ResidualBlock> blocks;
  std::optional<Conv2d> resample = {};  // the last level to run has none
};

struct Encoder {
  Conv2d conv_in;
  std::vector<Level> down;
  Middle mid;
  GroupNorm norm_out;
  Conv2d conv_out;  // to means and logarithms of variances
};

struct Decoder {
  Conv2d conv_in;
  Middle mid;
  std::vector<Level> up;  // up[0] is full resolution and runs last
  GroupNorm norm_out;
  Conv2d conv_out;
};

struct Network {
  Encoder encoder;
  Decoder decoder;
  std::optional<Conv2d> quant_conv, post_quant_conv;
  int latent_channels = 0, scale = 1;
  size_t bytes = 0;
};

// ---- Reading. `channels` is what arrives; what leaves is put there.

ResidualBlock read_residual(LayerReader& reader, const std::string& name, int64_t& channels) {
  const int64_t in = channels, out = reader.size(name + ".conv1.weight", 4, 0);
  channels = out;
  ResidualBlock block{reader.group_norm(name + ".norm1", in, kEps),
                      reader.conv2d(name + ".conv1", in, out, LayerReader::k3x3),
                      reader.group_norm(name + ".norm2", out, kEps),
                      reader.conv2d(name + ".conv2", out, out, LayerReader::k3x3),
                      {}};
  if (in != out) block.shortcut = reader.conv2d(name + ".nin_shortcut", in, out, LayerReader::k1x1);
  return block;
}

AttentionBlock read_attention(LayerReader& reader, const std::string& name, int64_t channels) {
  return {reader.group_norm(name + ".norm", channels, kEps),
          reader.linear(name + ".q", channels, channels),
          reader.linear(name + ".k", channels, channels),
          reader.linear(name + ".v", channels, channels),
          reader.linear(name + ".proj_out", channels, channels)};
}

Middle read_middle(LayerReader& reader, const std::string& name, int64_t& channels) {
  ResidualBlock block_1 = read_residual(reader, name + ".block_1", channels);
  AttentionBlock attn_1 = read_attention(reader, name + ".attn_1", channels);
  return {std::move(block_1), std::move(attn_1),
          read_residual(reader, name + ".block_2", channels)};
}

std::vector<ResidualBlock> read_blocks(LayerReader& reader, const std::string& name,
                                       int64_t& channels) {
  std::vector<ResidualBlock> blocks;
  const int count = reader.count(name + ".");
  for (int k = 0; k < count; ++k) {
    blocks.push_back(read_residual(reader, name + "." + std::to_string(k), channels));
  }
  return blocks;
}

Encoder read_encoder(LayerReader& reader) {
  int64_t channels = reader.size("encoder.conv_in.weight", 4, 0);
  Encoder encoder;
  encoder.conv_in = reader.conv2d("encoder.conv_in", 3, channels, LayerReader::k3x3);
  const int levels = reader.count("encoder.down.");
  for (int k = 0; k < levels; ++k) {
    const std::string name = "encoder.down." + std::to_string(k);
    Level& level = encoder.down.emplace_back(read_blocks(reader, name + ".block", channels));
    if (k + 1 == levels) break;
    level.resample = reader.conv2d(name + ".downsample.conv", channels, channels, kHalvingPadded);
  }
  encoder.mid = read_middle(reader, "encoder.mid", channels);
  encoder.norm_out = reader.group_norm("encoder.norm_out", channels, kEps);
  const int64_t moments = reader.size("encoder.conv_out.weight", 4, 0);
  encoder.conv_out = reader.conv2d("encoder.conv_out", channels, moments, LayerReader::k3x3);
  return encoder;
}

Decoder read_decoder(LayerReader& reader) {
  int64_t channels = reader.size("decoder.conv_in.weight", 4, 0);
  Decoder decoder;
  decoder.conv_in =
      reader.conv2d("decoder.conv_in", reader.size("decoder.conv_in.weight", 4, 1), channels, LayerReader::k3x3);
  decoder.mid = read_middle(reader, "decoder.mid", channels);
  decoder.up.resize(size_t(reader.count("decoder.up.")));
  for (size_t k = decoder.up.size(); k-- > 0;) {
    const std::string name = "decoder.up." + std::to_string(k);
    decoder.up[k].blocks = read_blocks(reader, name + ".block", channels);
    if (k == 0) break;
    decoder.up[k].resample = reader.conv2d(name + ".upsample.conv", channels, channels, LayerReader::k3x3);
  }
  decoder.norm_out = reader.group_norm("decoder.norm_out", channels, kEps);
  decoder.conv_out = reader.conv2d("decoder.conv_out", channels, 3, LayerReader::k3x3);
  return decoder;
}

// ---- Running. The heartbeat is called before every layer: at large sizes a block takes long.

class Pass {
 public:
  explicit Pass(const Heartbeat& heartbeat) : heartbeat_(heartbeat) {}

  Tensor conv(const Tensor& x, const Conv2d& layer) const {
    beat(heartbeat_);
    return conv2d(x, layer);
  }

  Tensor norm_silu(const Tensor& x, const GroupNorm& layer) const {
    beat(heartbeat_);
    return group_norm_silu(x, layer);
  }

  Tensor residual(const Tensor& x, const ResidualBlock& block) const {  // [1, C, H, W]
    Tensor h = conv(norm_silu(x, block.norm1), block.conv1);
    h = conv(norm_silu(h, block.norm2), block.conv2);
    return h.add_(block.shortcut ? conv(x, *block.shortcut) : x);
  }

  Tensor attend(const Tensor& x, const AttentionBlock& block) const {
    beat(heartbeat_);
    const Tensor h = to_tokens(group_norm(x, block.norm));  // [1, H W, C]
    const Tensor q = linear(h, block.q), k = linear(h, block.k), v = linear(h, block.v);
    beat(heartbeat_);
    const Tensor y = linear(attention(q, k, v, 1), block.out);
    return to_image(y, x.size(2), x.size(3)).add_(x);
  }

  Tensor middle(Tensor h, const Middle& mid, const Vae::Tap& tap) const {
    h = tapped(tap, "mid.block_1", residual(h, mid.block_1));
    h = tapped(tap, "mid.attn_1", attend(h, mid.attn_1));
    return tapped(tap, "mid.block_2", residual(h, mid.block_2));
  }

  Tensor encode(const Tensor& image, const Encoder& net) const {  // [1, 3, H, W]
    Tensor h = conv(image, net.conv_in);
    for (const Level& level : net.down) {
      for (const ResidualBlock& block : level.blocks) h = residual(h, block);
      if (level.resample) h = conv(pad_bottom_right(h), *level.resample);
    }
    h = middle(h, net.mid, {});
    return conv(norm_silu(h, net.norm_out), net.conv_out);  // [1, moments, h, w]
  }

  Tensor decode(const Tensor& latent, const Decoder& net, const Vae::Tap& tap) const {
    Tensor h = tapped(tap, "conv_in", conv(latent, net.conv_in));
    h = middle(h, net.mid, tap);
    for (size_t k = net.up.size(); k-- > 0;) {
      for (const ResidualBlock& block : net.up[k].blocks) h = residual(h, block);
      if (net.up[k].resample) {
        h = conv(upsample_nearest(h, 2 * h.size(2), 2 * h.size(3)), *net.up[k].resample);
      }
      if (tap) tap("up." + std::to_string(k), h);
    }
    return conv(norm_silu(h, net.norm_out), net.conv_out);  // [1, 3, 8h, 8w]
  }

 private:
  static Tensor tapped(const Vae::Tap& tap, const char* name, Tensor value) {
    if (tap) tap(name, value);
    return value;
  }

  const Heartbeat& heartbeat_;
};

class KlNetwork final : public VaeNetwork {
 public:
  explicit KlNetwork(Network network) : network_(std::move(network)) {}

  size_t bytes() const override { return network_.bytes; }
  int latent_channels() const override { return network_.latent_channels; }
  int scale() const override { return network_.scale; }

  Tensor encode(const Tensor& image, const Heartbeat& heartbeat) const override {
    const Pass pass(heartbeat);
    Tensor moments = pass.encode(image, network_.encoder);
    if (network_.quant_conv) moments = pass.conv(moments, *network_.quant_conv);
    return moments.slice(1, 0, network_.latent_channels);
  }

  Tensor decode(const Tensor& latent, const Heartbeat& heartbeat,
                const Vae::Tap& tap) const override {
    const Pass pass(heartbeat);
    Tensor z = latent;
    if (network_.post_quant_conv) {
      z = pass.conv(z, *network_.post_quant_conv);
      if (tap) tap("post_quant_conv", z);
    }
    return pass.decode(z, network_.decoder, tap);
  }

 private:
  Network network_;
};

// The 1x1 convolutions around the latent, which some files do without.
void read_quantisation(LayerReader& reader, Network& net) {
  const int64_t inner = net.decoder.conv_in.weight.size(1);
  const int64_t moments = net.encoder.conv_out.weight.size(0);
  int64_t latent = inner;
  if (reader.first("post_quant_conv.")) {
    latent = reader.size("post_quant_conv.weight", 4, 1);
    net.post_quant_conv = reader.conv2d("post_quant_conv", latent, inner, LayerReader::k1x1);
  }
  if (reader.first("quant_conv.")) {
    net.quant_conv = reader.conv2d("quant_conv", moments, 2 * latent, LayerReader::k1x1);
  } else if (moments != 2 * latent) {
    throw std::runtime_error("VAE: encoder.conv_out gives " + std::to_string(moments) +
                             " channels, expected " + std::to_string(2 * latent));
  }
  net.latent_channels = int(latent);
}

}  // namespace

std::unique_ptr<const VaeNetwork> read_kl_network(const Weights& weights,
                                                  const Heartbeat& heartbeat) {
  LayerReader reader(weights, "VAE", heartbeat);
  Network net;
  net.encoder = read_encoder(reader);
  net.decoder = read_decoder(reader);
  const size_t levels = net.encoder.down.size();
  if (levels != net.decoder.up.size() || levels < 1 || levels > 8) {
    throw std::runtime_error("VAE: " + std::to_string(levels) + " levels in the encoder, " +
                             std::to_string(net.decoder.up.size()) +
                             " in the decoder; expected as many, 1 to 8");
  }
  net.scale = 1 << (levels - 1);
  read_quantisation(reader, net);
  for (const char* prefix : {"encoder.", "decoder."}) reader.expect_all_read(prefix);
  net.bytes = reader.bytes();
  return std::make_unique<const KlNetwork>(std::move(net));
}

}  // namespace heddle::diffusion
