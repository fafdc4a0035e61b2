// Pictures: reading, resizing, plain ones.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/picture_tensor.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct LoadImage final : Node {
  static constexpr NodeInfo kInfo{.name = "LoadImage",
                                  .category = "image",
                                  .help = "Reads a picture; its transparency becomes the mask.",
                                  .display_name = "Load Image",
                                  .lane = Lane::kPool};
  In<InputFile> image{this, "image", "Picture beside the graph or in the input folder.", kImageUpload};
  Out<Image> pixels{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where the picture is transparent."};

  void run(RunContext& context) override {
    std::vector<at::Tensor> colours, masks;
    for (const Picture& frame : read_pictures(image->path)) {
      context.check_cancelled();
      colours.push_back(picture_colours(frame));
      masks.push_back(frame.channels == 4 ? picture_mask(frame) : at::zeros({1, 64, 64}));
    }
    pixels = Image{at::cat(colours)};
    mask = Mask{at::cat(masks)};
  }
};

struct ImageScale final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageScale",
                                  .category = "image/upscaling",
                                  .help = "Resizes a picture.",
                                  .display_name = "Upscale Image"};
  In<Image> image{this, "image", "Picture to resize."};
  In<Choice> upscale_method{this, "upscale_method", "How to interpolate.",
                            one_of({"nearest-exact", "bilinear", "area", "bicubic", "lanczos"})};
  In<int64_t> width{this, "width", "Width in pixels; 0 keeps the aspect ratio.", 512, between(0, 16384), step(1)};
  In<int64_t> height{this, "height", "Height in pixels; 0 keeps the aspect ratio.", 512, between(0, 16384), step(1)};
  In<Choice> crop{this, "crop", "Cut to the new aspect ratio first, or stretch.", one_of({"disabled", "center"})};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    if (*width == 0 && *height == 0) {
      result = image.shared();
      return;
    }
    const double rows = double(image->pixels.size(1)), columns = double(image->pixels.size(2));
    int64_t w = *width, h = *height;
    if (w == 0) w = std::max(int64_t{1}, int64_t(std::nearbyint(columns * double(h) / rows)));
    if (h == 0) h = std::max(int64_t{1}, int64_t(std::nearbyint(rows * double(w) / columns)));
    const at::Tensor planes = image->pixels.movedim(-1, 1);
    const at::Tensor resized = diffusion::resize(planes, upscale_method->value, w, h, *crop == "center");
    result = Image{resized.movedim(1, -1).contiguous()};
  }
};

struct ImageInvert final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ImageInvert", .category = "image", .help = "Inverts the colours.", .display_name = "Invert Image"};
  In<Image> image{this, "image", "Picture to invert."};
  Out<Image> inverted{this, "IMAGE"};

  void run(RunContext&) override { inverted = Image{1.0 - image->pixels}; }
};

struct EmptyImage final : Node {
  static constexpr NodeInfo kInfo{.name = "EmptyImage", .category = "image", .help = "A picture of one colour."};
  In<int64_t> width{this, "width", "Width in pixels.", 512, between(1, 16384), step(1)};
  In<int64_t> height{this, "height", "Height in pixels.", 512, between(1, 16384), step(1)};
  In<int64_t> batch_size{this, "batch_size", "Pictures at once.", 1, between(1, 4096)};
  In<int64_t> color{this, "color", "Colour as 0xRRGGBB.", 0, between(0, 0xFFFFFF), step(1), kColor};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext&) override {
    const auto channel = [&](int shift) { return float((*color >> shift) & 0xFF) / 255.0f; };
    const at::Tensor colour = at::tensor({channel(16), channel(8), channel(0)});
    image = Image{colour.expand({*batch_size, *height, *width, 3}).contiguous()};
  }
};

}  // namespace

void register_image_nodes(Registry& registry) {
  registry.add<LoadImage>();
  registry.add<ImageScale>();
  registry.add<ImageInvert>();
  registry.add<EmptyImage>();
}

}  // namespace heddle
