#include "nodes/diffusion/unet_blocks.h"

#include <ATen/ATen.h>

namespace heddle::diffusion {
namespace {

using Bias = LayerReader::Bias;
using Window = LayerReader::Window;
using Kind = UNetLayout::Kind;
using Part = UNetLayout::Part;


ResidualBlock read_residual(LayerReader& reader, const std::string& name, const Part& part,
                            int64_t time_width) {
  const int64_t in = part.in_channels, out = part.out_channels;
  ResidualBlock block{reader.group_norm(name + ".in_layers.0", in, 1e-5),
                      reader.conv2d(name + ".in_layers.2", in, out, LayerReader::k3x3),
                      reader.linear(name + ".emb_layers.1", time_width, out),
                      reader.group_norm(name + ".out_layers.0", out, 1e-5),
                      reader.conv2d(name + ".out_layers.3", out, out, LayerReader::k3x3),
                      {}};
  if (in != out) block.skip = reader.conv2d(name + ".skip_connection", in, out, LayerReader::k1x1);
  return block;
}

Attention read_attention(LayerReader& reader, const std::string& name, int64_t width,
                         int64_t source_width, int64_t heads) {
  return {reader.linear(name + ".to_q", width, width, Bias::kNone),
          reader.linear(name + ".to_k", source_width, width, Bias::kNone),
          reader.linear(name + ".to_v", source_width, width, Bias::kNone),
          reader.linear(name + ".to_out.0", width, width), heads};
}

TransformerBlock read_transformer_block(LayerReader& reader, const std::string& name,
                                        const Part& part, int64_t context_width) {
  const int64_t width = part.out_channels, inner = 4 * width;
  return {reader.layer_norm(name + ".norm1", width),
          reader.layer_norm(name + ".norm2", width),
          reader.layer_norm(name + ".norm3", width),
          read_attention(reader, name + ".attn1", width, width, part.heads),
          read_attention(reader, name + ".attn2", width, context_width, part.heads),
          reader.linear(name + ".ff.net.0.proj", width, 2 * inner),
          reader.linear(name + ".ff.net.2", inner, width)};
}

SpatialTransformer read_transformer(LayerReader& reader, const std::string& name, const Part& part,
                                    int64_t context_width) {
  const int64_t width = part.out_channels;
  SpatialTransformer transformer{reader.group_norm(name + ".norm", width, 1e-6),
                                 reader.linear(name + ".proj_in", width, width),
                                 {},
                                 reader.linear(name + ".proj_out", width, width)};
  for (int k = 0; k < part.depth; ++k) {
    const std::string block = name + ".transformer_blocks." + std::to_string(k);
    transformer.blocks.push_back(read_transformer_block(reader, block, part, context_width));
  }
  return transformer;
}

UNetPart read_part(LayerReader& reader, const std::string& name, const Part& part,
                   const UNetLayout& layout) {
  const int64_t in = part.in_channels, out = part.out_channels;
  switch (part.kind) {
    case Kind::kResidual:
      return read_residual(reader, name, part, layout.time_width);
    case Kind::kTransformer:
      return read_transformer(reader, name, part, layout.context_width);
    case Kind::kDownsample:
      return reader.conv2d(name + ".op", in, out, LayerReader::kHalving);
    case Kind::kUpsample:
      return Upsample{reader.conv2d(name + ".conv", in, out, LayerReader::k3x3)};
    case Kind::kConvolution:
      break;
  }
  return reader.conv2d(name, in, out, LayerReader::k3x3);
}

Tensor run(const Conv2d& conv, const Tensor& x, const UNetPass&) { return conv2d(x, conv); }

Tensor run(const Upsample& upsample, const Tensor& x, const UNetPass& pass) {
  return conv2d(upsample_nearest(x, pass.height, pass.width), upsample.conv);
}

Tensor run(const ResidualBlock& block, const Tensor& x, const UNetPass& pass) {
  Tensor h = conv2d(group_norm_silu(x, block.norm1), block.conv1);    // [B, C', H, W]
  h.add_(linear(pass.time, block.time).unsqueeze(-1).unsqueeze(-1));  // + [B, C', 1, 1]
  h = conv2d(group_norm_silu(h, block.norm2), block.conv2);
  return h.add_(block.skip ? conv2d(x, *block.skip) : x);
}

Tensor attend(const Tensor& x, const Tensor& keys, const Tensor& values, const Attention& layer) {
  const Tensor y =
      attention(linear(x, layer.q), linear(keys, layer.k), linear(values, layer.v), layer.heads);
  return linear(y, layer.out);
}

Tensor hooked_self_attend(const Tensor& x, const Attention& layer, const UNetHooks& hooks,
                          const UNetPlace& place) {
  const ArrangedTokens arranged = arrange_tokens(hooks, x, place);
  Tensor keys = arranged.tokens, values = arranged.tokens;
  change_sources(hooks, keys, values);
  const Tensor q = linear(arranged.tokens, layer.q), k = linear(keys, layer.k),
               v = linear(values, layer.v);
  const Tensor replaced = replaced_attention(hooks, q, k, v, layer.heads, place);
  const Tensor y =
      linear(replaced.defined() ? replaced : attention(q, k, v, layer.heads), layer.out);
  return arranged.restore ? arranged.restore(y) : y;
}

Tensor hooked_cross_attend(const Tensor& x, const Tensor& context, const Attention& layer,
                           const UNetHooks& hooks) {
  Tensor keys = context, values = context;
  change_sources(hooks, keys, values);
  return attend(x, keys, values, layer);
}

Tensor run(const TransformerBlock& block, Tensor x, const UNetPass& pass,
           const UNetPlace& place) {  // [B, N, C]
  const Tensor normed = layer_norm(x, block.norm1);
  if (pass.hooks.empty()) {
    x = attend(normed, normed, normed, block.self).add_(x);
    x = attend(layer_norm(x, block.norm2), pass.context, pass.context, block.cross).add_(x);
  } else {
    x = hooked_self_attend(normed, block.self, pass.hooks, place).add(x);
    x = hooked_cross_attend(layer_norm(x, block.norm2), pass.context, block.cross, pass.hooks)
            .add(x);
  }
  return linear(geglu(layer_norm(x, block.norm3), block.gated), block.out).add_(x);
}

Tensor run(const SpatialTransformer& transformer, const Tensor& x, const UNetPass& pass) {
  Tensor h = linear(to_tokens(group_norm(x, transformer.norm)), transformer.proj_in);  // [B, N, C]
  UNetPlace place = pass.place;
  place.height = x.size(2);
  place.width = x.size(3);
  for (const TransformerBlock& block : transformer.blocks) {
    beat(pass.heartbeat);
    h = run(block, h, pass, place);
    ++place.layer;
  }
  return to_image(linear(h, transformer.proj_out), x.size(2), x.size(3)).add_(x);
}

}  // namespace

UNetBlock read_block(LayerReader& reader, const std::string& name, const UNetLayout::Block& parts,
                     const UNetLayout& layout) {
  UNetBlock block;
  for (size_t k = 0; k < parts.size(); ++k) {
    block.push_back(read_part(reader, name + "." + std::to_string(k), parts[k], layout));
  }
  return block;
}

Tensor run(const UNetBlock& block, Tensor x, const UNetPass& pass) {
  for (const UNetPart& part : block) {
    beat(pass.heartbeat);
    x = std::visit([&](const auto& p) { return run(p, x, pass); }, part);
  }
  return x;
}

}  // namespace heddle::diffusion
