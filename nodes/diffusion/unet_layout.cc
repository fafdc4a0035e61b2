// Reads a U-Net's layout off the names and shapes of its tensors. Blocks are followed in the order
// in which data flows through them, so that a tensor that does not fit is found where it is and not
// as a failing product inside the network.
#include <array>
#include <stdexcept>

#include "nodes/diffusion/layer_reader.h"
#include "nodes/diffusion/unet.h"

namespace heddle::diffusion {
namespace {

using Kind = UNetLayout::Kind;
using Part = UNetLayout::Part;
using Block = UNetLayout::Block;

constexpr int kHeadsOfConvolutional = 8;  // SD 1
constexpr int kHeadWidthOfLinear = 64;    // SD 2, XL

struct Stem {
  const char* text;
  Kind kind;
};
// How the names of a part's tensors begin.
constexpr std::array<Stem, 12> kStems{{{"in_layers.", Kind::kResidual},
                                       {"emb_layers.", Kind::kResidual},
                                       {"out_layers.", Kind::kResidual},
                                       {"skip_connection.", Kind::kResidual},
                                       {"norm.", Kind::kTransformer},
                                       {"proj_in.", Kind::kTransformer},
                                       {"proj_out.", Kind::kTransformer},
                                       {"transformer_blocks.", Kind::kTransformer},
                                       {"op.", Kind::kDownsample},
                                       {"conv.", Kind::kUpsample},
                                       {"weight", Kind::kConvolution},
                                       {"bias", Kind::kConvolution}}};

[[noreturn]] void refuse_layout(const std::string& message) {
  throw std::runtime_error("U-Net: " + message);
}

/// What flows from block to block.
struct Flow {
  int channels;
  int level;  // 0: full resolution
};

class Detector {
 public:
  explicit Detector(const Weights& weights) : weights_(weights), reader_(weights, "U-Net", {}) {}

  UNetLayout detect();

 private:
  void input_blocks();
  void output_blocks();
  Block block(const std::string& name);
  Part part(const std::string& name);
  Part transformer(const std::string& name);
  Kind kind_of(const std::string& name) const;
  int size(const std::string& tensor, size_t dimensions, size_t d) const {
    return int(reader_.size(tensor, dimensions, d));
  }

  const Weights& weights_;
  const LayerReader reader_;
  UNetLayout layout_;
  Flow flow_{};
  std::vector<Flow> skips_;
};

UNetLayout Detector::detect() {
  layout_.model_channels = size("input_blocks.0.0.weight", 4, 0);
  layout_.in_channels = size("input_blocks.0.0.weight", 4, 1);
  layout_.out_channels = size("out.2.weight", 4, 0);
  layout_.time_width = size("time_embed.0.weight", 2, 0);
  if (reader_.first("label_emb.")) layout_.y_width = size("label_emb.0.0.weight", 2, 1);

  flow_ = {layout_.in_channels, 0};
  input_blocks();
  if (reader_.count("middle_block.") > 0) layout_.middle_block = block("middle_block");
  output_blocks();
  return std::move(layout_);
}

void Detector::input_blocks() {
  const int count = reader_.count("input_blocks.");
  layout_.residual_blocks.push_back(0);
  for (int n = 0; n < count; ++n) {
    const std::string name = "input_blocks." + std::to_string(n);
    layout_.input_blocks.push_back(block(name));
    for (const Part& part : layout_.input_blocks.back()) {
      if (part.kind == Kind::kDownsample) layout_.residual_blocks.push_back(0);
      if (part.kind == Kind::kResidual) ++layout_.residual_blocks.back();
    }
    if (flow_.channels % layout_.model_channels != 0) {
      refuse_layout(name + " gives " + std::to_string(flow_.channels) +
           " channels, expected a multiple of " + std::to_string(layout_.model_channels));
    }
    layout_.multipliers.resize(size_t(flow_.level) + 1);
    layout_.multipliers.back() = flow_.channels / layout_.model_channels;
    skips_.push_back(flow_);
  }
}

void Detector::output_blocks() {
  const int count = reader_.count("output_blocks.");
  if (size_t(count) != skips_.size()) {
    refuse_layout(std::to_string(skips_.size()) + " input blocks but " + std::to_string(count) +
         " output blocks; expected as many");
  }
  for (int n = 0; n < count; ++n) {
    const std::string name = "output_blocks." + std::to_string(n);
    const Flow skip = skips_.back();
    skips_.pop_back();
    if (skip.level != flow_.level) {
      refuse_layout(name + " works at level " + std::to_string(flow_.level) +
           ", but its input block at level " + std::to_string(skip.level) +
           "; a down- or upsampling convolution is missing");
    }
    flow_.channels += skip.channels;
    layout_.output_blocks.push_back(block(name));
  }
  if (flow_.level != 0 || flow_.channels != layout_.model_channels) {
    refuse_layout("the last output block gives " + std::to_string(flow_.channels) + " channels at level " +
         std::to_string(flow_.level) + ", expected " + std::to_string(layout_.model_channels) +
         " at level 0");
  }
}

Block Detector::block(const std::string& name) {
  Block block;
  const int count = reader_.count(name + ".");
  if (count == 0) refuse_layout("there is no tensor under " + name + "; the file is incomplete");
  for (int k = 0; k < count; ++k) {
    const std::string part_name = name + "." + std::to_string(k);
    const Part& next = block.emplace_back(part(part_name));
    if (next.in_channels != flow_.channels) {
      refuse_layout(part_name + " takes " + std::to_string(next.in_channels) + " channels, but gets " +
           std::to_string(flow_.channels));
    }
    if (next.kind == Kind::kUpsample && !name.starts_with("output_blocks.")) {
      refuse_layout(part_name + " upsamples, expected only in output blocks");
    }
    flow_.channels = next.out_channels;
    if (next.kind == Kind::kDownsample) ++flow_.level;
    if (next.kind == Kind::kUpsample) --flow_.level;
  }
  return block;
}

Part Detector::part(const std::string& name) {
  const auto convolution = [&](Kind kind, const std::string& weight) {
    return Part{kind, size(name + weight, 4, 1), size(name + weight, 4, 0)};
  };
  switch (kind_of(name)) {
    case Kind::kConvolution:
      return convolution(Kind::kConvolution, ".weight");
    case Kind::kDownsample:
      return convolution(Kind::kDownsample, ".op.weight");
    case Kind::kUpsample:
      return convolution(Kind::kUpsample, ".conv.weight");
    case Kind::kTransformer:
      return transformer(name);
    case Kind::kResidual:
      break;
  }
  return {Kind::kResidual, size(name + ".in_layers.2.weight", 4, 1),
          size(name + ".out_layers.3.weight", 4, 0)};
}

Part Detector::transformer(const std::string& name) {
  const std::string proj_in = name + ".proj_in.weight";
  const auto shape = weights_.shape(proj_in);
  const bool linear = shape && shape->size() == 2;
  const int channels = size(proj_in, linear ? 2 : 4, 0);
  const int context_width = size(name + ".transformer_blocks.0.attn2.to_k.weight", 2, 1);
  if (layout_.context_width == 0) {
    layout_.context_width = context_width;
    layout_.linear_projections = linear;
  }
  if (layout_.context_width != context_width || layout_.linear_projections != linear) {
    refuse_layout(name + ": projections or context differ in kind from those of the blocks before");
  }
  const int divisor = linear ? kHeadWidthOfLinear : kHeadsOfConvolutional;
  if (channels % divisor != 0) {
    refuse_layout(proj_in + " has shape " + shape_text(*shape) + ", expected channels in multiples of " +
         std::to_string(divisor));
  }
  return {Kind::kTransformer, channels, channels, reader_.count(name + ".transformer_blocks."),
          linear ? channels / kHeadWidthOfLinear : kHeadsOfConvolutional};
}

Kind Detector::kind_of(const std::string& name) const {
  const auto first = reader_.first(name + ".");
  if (!first) refuse_layout("there is no tensor under " + name + "; the file is incomplete");
  for (const Stem& stem : kStems) {
    if (first->starts_with(name + "." + stem.text)) return stem.kind;
  }
  refuse_layout("tensor " + *first + " " + shape_text(weights_.shape(*first).value()) +
       " has no place in this network; the file holds a network of another kind");
}

}  // namespace

UNetLayout detect_unet(const Weights& weights) { return Detector(weights).detect(); }

}  // namespace heddle::diffusion
