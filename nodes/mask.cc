// Masks: plain ones, and from and to pictures.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct SolidMask final : Node {
  static constexpr NodeInfo kInfo{.name = "SolidMask", .category = "mask", .help = "A mask of one value."};
  In<double> value{this, "value", "0 is black, 1 white.", 1.0, between(0.0, 1.0), step(0.01)};
  In<int64_t> width{this, "width", "Width in pixels.", 512, between(1, 16384), step(1)};
  In<int64_t> height{this, "height", "Height in pixels.", 512, between(1, 16384), step(1)};
  Out<Mask> mask{this, "MASK"};

  void run(RunContext&) override { mask = Mask{at::full({1, *height, *width}, *value, at::kFloat)}; }
};

struct InvertMask final : Node {
  static constexpr NodeInfo kInfo{.name = "InvertMask", .category = "mask", .help = "Swaps black and white."};
  In<Mask> mask{this, "mask", "Mask to invert."};
  Out<Mask> inverted{this, "MASK"};

  void run(RunContext&) override { inverted = Mask{1.0 - mask->values}; }
};

struct CropMask final : Node {
  static constexpr NodeInfo kInfo{.name = "CropMask", .category = "mask", .help = "Cuts a rectangle out of a mask."};
  In<Mask> mask{this, "mask", "Mask to cut from."};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(1)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(1)};
  In<int64_t> width{this, "width", "Width in pixels, at most to the right edge.", 512, between(1, 16384), step(1)};
  In<int64_t> height{this, "height", "Height in pixels, at most to the lower edge.", 512, between(1, 16384), step(1)};
  Out<Mask> cropped{this, "MASK"};

  void run(RunContext&) override {
    const at::Tensor& values = mask->values;
    check_not_empty(*mask, "mask");
    if (*x >= values.size(2) || *y >= values.size(1)) {
      throw std::runtime_error("(" + std::to_string(*x) + ", " + std::to_string(*y) + ") is outside of the mask of " +
                               size_text(values.size(2), values.size(1)) + " pixels");
    }
    cropped = Mask{values.slice(1, *y, *y + *height).slice(2, *x, *x + *width).contiguous()};
  }
};

struct ThresholdMask final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ThresholdMask", .category = "mask", .help = "White above a value, black up to it."};
  In<Mask> mask{this, "mask", "Mask."};
  In<double> value{this, "value", "What is above this becomes white.", 0.5, between(0.0, 1.0), step(0.01)};
  Out<Mask> result{this, "MASK"};

  void run(RunContext&) override { result = Mask{(mask->values > *value).to(at::kFloat)}; }
};

struct MaskToImage final : Node {
  static constexpr NodeInfo kInfo{.name = "MaskToImage",
                                  .category = "mask",
                                  .help = "Makes a grey picture of a mask.",
                                  .display_name = "Convert Mask to Image"};
  In<Mask> mask{this, "mask", "Mask."};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext&) override {
    image = Image{mask->values.unsqueeze(-1).expand({-1, -1, -1, 3}).contiguous()};
  }
};

struct ImageToMask final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageToMask",
                                  .category = "mask",
                                  .help = "Takes one channel of a picture as a mask.",
                                  .display_name = "Convert Image to Mask"};
  In<Image> image{this, "image", "Picture."};
  In<Choice> channel{this, "channel", "Which channel.", one_of({"red", "green", "blue", "alpha"})};
  Out<Mask> mask{this, "MASK"};

  void run(RunContext&) override {
    const std::string_view names = "rgba";
    const int64_t index = int64_t(names.find(channel->value[0]));
    check_picture_channels(image->pixels, index + 1, "the picture");
    mask = Mask{image->pixels.select(3, index).contiguous()};
  }
};

struct ImageColorToMask final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ImageColorToMask", .category = "mask", .help = "White where a picture has exactly one colour."};
  In<Image> image{this, "image", "Picture."};
  In<int64_t> color{this, "color", "Colour as 0xRRGGBB.", 0, between(0, 0xFFFFFF), step(1), kColor};
  Out<Mask> mask{this, "MASK"};

  void run(RunContext&) override {
    check_picture_channels(image->pixels, 3, "the picture");
    check_finite(image->pixels, "the picture");
    const at::Tensor bytes = (image->pixels.clamp(0, 1.0) * 255.0).round().to(at::kInt);
    at::Tensor same = at::ones(bytes.sizes().slice(0, 3), at::kBool);
    for (int64_t c = 0; c < 3; ++c) same = same.logical_and(bytes.select(3, c) == ((*color >> (16 - 8 * c)) & 0xFF));
    mask = Mask{same.to(at::kFloat)};
  }
};

}  // namespace

void register_mask_nodes(Registry& registry) {
  registry.add<SolidMask>();
  registry.add<InvertMask>();
  registry.add<CropMask>();
  registry.add<ThresholdMask>();
  registry.add<MaskToImage>();
  registry.add<ImageToMask>();
  registry.add<ImageColorToMask>();
}

}  // namespace heddle
