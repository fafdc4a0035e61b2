#include "nodes/diffusion/unet.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/unet_blocks.h"

namespace heddle::diffusion {
namespace {

/// Two layers with a SiLU between them.
struct Embedding {
  Linear first, second;
};

Embedding read_embedding(LayerReader& reader, const std::string& name, int64_t in, int64_t width) {
  return {reader.linear(name + ".0", in, width), reader.linear(name + ".2", width, width)};
}

Tensor embed(const Tensor& x, const Embedding& layers) {
  return linear(diffusion::silu(linear(x, layers.first)), layers.second);
}

/// Positions as in Vaswani et al. 2017, cosines first: t [1] to [1, width].
Tensor sinusoids(const Tensor& t, int64_t width) {
  const int64_t half = width / 2;
  const Tensor frequencies =
      at::exp(at::arange(half, at::kFloat).mul(-std::log(10000.0)).div(double(half)));
  const Tensor angles = t.unsqueeze(1) * frequencies;  // [1, half]
  return at::cat({at::cos(angles), at::sin(angles)}, 1);
}

/// Embeds items one by one: the vectorised functions differ in the last bit by where in a batch a
/// row lies.
template <typename Function>
Tensor by_item(const Tensor& x, Function embed_item) {
  std::vector<Tensor> items;
  for (const Tensor& item : x.split(1)) items.push_back(embed_item(item));
  return at::cat(items);
}

void require(bool holds, const std::string& message) {
  if (!holds) throw std::runtime_error("this model takes " + message);
}

std::string text(const Tensor& x) {
  return x.defined() ? shape_text(x.sizes().vec()) + " of " + at::toString(x.scalar_type())
                     : "none";
}

bool is_float(const Tensor& x, int64_t dimensions) {
  return x.defined() && x.scalar_type() == at::kFloat && x.dim() == dimensions;
}

void check_arguments(const UNetLayout& layout, const Tensor& x, const Tensor& timesteps,
                     const Tensor& context, const Tensor& y) {
  require(is_float(x, 4) && x.numel() > 0,
          "latents [batch, channels, height, width] of Float, none empty, got " + text(x));
  const int64_t batch = x.size(0);
  require(x.size(1) == layout.in_channels, "latents of " + std::to_string(layout.in_channels) +
                                               " channels, got " + std::to_string(x.size(1)));
  require(is_float(timesteps, 1) && timesteps.size(0) == batch,
          "one timestep a latent, " + shape_text({batch}) + " of Float, got " + text(timesteps));
  if (layout.context_width > 0) {
    require(is_float(context, 3) && context.size(0) == batch && context.size(1) > 0 &&
                context.size(2) == layout.context_width,
            "a context [" + std::to_string(batch) + ", tokens, " +
                std::to_string(layout.context_width) + "] of Float, got " + text(context) +
                "; is the text encoder another family's?");
  }
  if (layout.y_width > 0) {
    require(is_float(y, 2) && y.size(0) == batch && y.size(1) == layout.y_width,
            "a vector y " + shape_text({batch, layout.y_width}) + " of Float, got " + text(y));
  } else {
    require(!y.defined(), "no vector y, got " + text(y));
  }
}

UNetPlace place_of(const UNetCall& call, const Tensor& x, const UNetLayout& layout) {
  return {.latent_height = x.size(2),
          .latent_width = x.size(3),
          .model_channels = layout.model_channels,
          .sigma = call.sigma,
          .first_negative = call.first_negative,
          .negatives = call.negatives};
}

}  // namespace

struct UNet::Network {
  UNetLayout layout;
  Embedding time_embed;
  std::optional<Embedding> label_emb;
  std::vector<UNetBlock> input_blocks;
  UNetBlock middle_block;
  std::vector<UNetBlock> output_blocks;
  GroupNorm norm_out;
  Conv2d conv_out;
  size_t bytes = 0;

  Tensor embed_time(const Tensor& timesteps, const Tensor& y, const Tap& tap) const;
};

UNet::UNet(const Weights& weights, const Heartbeat& heartbeat) {
  auto network = std::make_unique<Network>();
  const UNetLayout& layout = network->layout = detect_unet(weights);
  LayerReader reader(weights, "U-Net", heartbeat);
  const auto read_blocks = [&](const std::string& name, const auto& blocks) {
    std::vector<UNetBlock> result;
    for (const UNetLayout::Block& block : blocks) {
      const std::string n = std::to_string(result.size());
      result.push_back(read_block(reader, name + "." + n, block, layout));
    }
    return result;
  };
  network->time_embed =
      read_embedding(reader, "time_embed", layout.model_channels, layout.time_width);
  if (layout.y_width > 0) {
    network->label_emb = read_embedding(reader, "label_emb.0", layout.y_width, layout.time_width);
  }
  network->input_blocks = read_blocks("input_blocks", layout.input_blocks);
  network->middle_block = read_block(reader, "middle_block", layout.middle_block, layout);
  network->output_blocks = read_blocks("output_blocks", layout.output_blocks);
  network->norm_out = reader.group_norm("out.0", layout.model_channels, 1e-5);
  network->conv_out = reader.conv2d("out.2", layout.model_channels, layout.out_channels, {});
  for (const char* prefix : {"input_blocks.", "middle_block.", "output_blocks.", "label_emb."}) {
    reader.expect_all_read(prefix);
  }
  network->bytes = reader.bytes();
  network_ = std::move(network);
}

UNet::~UNet() = default;

const UNetLayout& UNet::layout() const { return network_->layout; }

size_t UNet::bytes() const { return network_->bytes; }

Tensor UNet::Network::embed_time(const Tensor& timesteps, const Tensor& y, const Tap& tap) const {
  Tensor time = by_item(timesteps, [&](const Tensor& t) {
    return embed(sinusoids(t, layout.model_channels), time_embed);
  });  // [B, time_width]
  if (tap) tap("time_embed", time);
  if (label_emb) {
    const Tensor label = by_item(y, [&](const Tensor& row) { return embed(row, *label_emb); });
    if (tap) tap("label_emb", label);
    time = time + label;
  }
  return diffusion::silu(time);
}

Tensor UNet::forward(const Tensor& x, const Tensor& timesteps, const Tensor& context,
                     const Tensor& y, const Heartbeat& heartbeat, const Tap& tap,
                     const UNetCall& call) const {
  const Network& net = *network_;
  check_arguments(net.layout, x, timesteps, context, y);
  const at::NoGradGuard no_grad;
  const auto show = [&](const char* name, size_t n, const Tensor& value) {
    if (tap) tap(name + std::to_string(n), value);
  };

  UNetPass pass{net.embed_time(timesteps, y, tap), context, 0,
                0,  heartbeat, call.hooks, place_of(call, x, net.layout)};
  Tensor h = with_plain_strides(x);
  std::vector<Tensor> skips;
  for (const UNetBlock& block : net.input_blocks) {
    pass.enter(UNetPlace::Stage::kInput, skips.size());
    h = run(block, h, pass);
    show("input_blocks.", skips.size(), h);
    h = before_skip(call.hooks, h, pass.place);
    skips.push_back(h);
    h = after_skip(call.hooks, h, pass.place);
  }
  pass.enter(UNetPlace::Stage::kMiddle, 0);
  h = run(net.middle_block, h, pass);
  if (tap) tap("middle_block", h);
  for (size_t n = 0; n < net.output_blocks.size(); ++n) {
    pass.enter(UNetPlace::Stage::kOutput, n);
    join(call.hooks, h, skips.back(), pass.place);
    h = at::cat({h, skips.back()}, 1);
    skips.pop_back();
    if (!skips.empty()) {  // upsampling goes to the next skip's size, which may be odd
      pass.height = skips.back().size(2);
      pass.width = skips.back().size(3);
    }
    h = run(net.output_blocks[n], h, pass);
    show("output_blocks.", n, h);
  }
  beat(heartbeat);
  return conv2d(group_norm_silu(h, net.norm_out), net.conv_out);
}

}  // namespace heddle::diffusion
