// Pictures: resizing, batches, plain ones.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

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

struct ImageBatch final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageBatch",
                                  .category = "image",
                                  .help = "Joins pictures to one batch; the second takes the size of the first.",
                                  .display_name = "Batch Images"};
  In<Image> image1{this, "image1", "First pictures."};
  In<Image> image2{this, "image2", "Pictures to add."};
  Out<Image> batch{this, "IMAGE"};

  void run(RunContext&) override {
    const at::Tensor& first = image1->pixels;
    at::Tensor second = image2->pixels;
    if (first.size(1) != second.size(1) || first.size(2) != second.size(2)) {
      second = diffusion::resize(second.movedim(-1, 1), "bilinear", first.size(2), first.size(1), true).movedim(1, -1);
    }
    const int64_t channels = std::min(first.size(3), second.size(3));
    batch = Image{at::cat({first.slice(3, 0, channels), second.slice(3, 0, channels)}).contiguous()};
  }
};

struct ImageGrid final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageGrid",
                                  .category = "image",
                                  .help = "Lays the pictures of a batch out on one sheet, row by row."};
  In<Image> images{this, "images", "Pictures of one size."};
  In<int64_t> columns{this, "columns", "Pictures in a row.", 4, between(1, 64), step(1)};
  In<int64_t> gap{this, "gap", "White space between pictures, in pixels.", 4, between(0, 256), step(1)};
  Out<Image> sheet{this, "IMAGE"};

  void run(RunContext&) override {
    const at::Tensor& pixels = images->pixels;  // [B, H, W, C]
    const int64_t count = pixels.size(0), height = pixels.size(1), width = pixels.size(2);
    const int64_t across = std::min(*columns, count), down = (count + across - 1) / across;
    at::Tensor result = at::ones({1, down * (height + *gap) - *gap, across * (width + *gap) - *gap, pixels.size(3)});
    for (int64_t k = 0; k < count; ++k) {
      const int64_t y = k / across * (height + *gap), x = k % across * (width + *gap);
      result.select(0, 0).slice(0, y, y + height).slice(1, x, x + width).copy_(pixels.select(0, k));
    }
    sheet = Image{result};
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
  registry.add<ImageScale>();
  registry.add<ImageBatch>();
  registry.add<ImageGrid>();
  registry.add<ImageInvert>();
  registry.add<EmptyImage>();
}

}  // namespace heddle
