// Pictures cut, turned, mirrored, joined and given more room.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/image_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/turns.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct ImageCrop final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageCrop",
                                  .category = "image/transform",
                                  .help = "Cuts a rectangle out of a picture.",
                                  .display_name = "Image Crop"};
  In<Image> image{this, "image", "Picture to cut from."};
  In<int64_t> width{this, "width", "Width in pixels, at most to the right edge.", 512, between(1, 16384), step(1)};
  In<int64_t> height{this, "height", "Height in pixels, at most to the lower edge.", 512, between(1, 16384), step(1)};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(1)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(1)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor& pixels = image->pixels;
    const int64_t left = std::min(*x, pixels.size(2) - 1), top = std::min(*y, pixels.size(1) - 1);
    result = Image{pixels.slice(1, top, top + *height).slice(2, left, left + *width).contiguous()};
  }
};

struct ImageRotate final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageRotate", .category = "image/transform", .help = "Turns a picture clockwise."};
  In<Image> image{this, "image", "Picture to turn."};
  In<Choice> rotation{this, "rotation", "How far.", one_of(rotation_names())};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    result = Image{at::rot90(image->pixels, quarter_turns(*rotation), {2, 1}).contiguous()};
  }
};

struct ImageFlip final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageFlip", .category = "image/transform", .help = "Mirrors a picture."};
  In<Image> image{this, "image", "Picture to mirror."};
  In<Choice> flip_method{this, "flip_method", "Upside down, or left to right.", one_of(flip_names())};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    result = Image{image->pixels.flip({flips_rows(*flip_method) ? 1 : 2}).contiguous()};
  }
};

struct ImagePadForOutpaint final : Node {
  static constexpr NodeInfo kInfo{.name = "ImagePadForOutpaint",
                                  .category = "image",
                                  .help = "Adds room around a picture, and the mask to paint it.",
                                  .display_name = "Pad Image for Outpainting"};
  In<Image> image{this, "image", "Picture."};
  In<int64_t> left{this, "left", "Pixels to add.", 0, between(0, 16384), step(8)};
  In<int64_t> top{this, "top", "Pixels to add.", 0, between(0, 16384), step(8)};
  In<int64_t> right{this, "right", "Pixels to add.", 0, between(0, 16384), step(8)};
  In<int64_t> bottom{this, "bottom", "Pixels to add.", 0, between(0, 16384), step(8)};
  In<int64_t> feathering{this, "feathering", "Pixels inside the picture over which the mask fades.", 40,
                         between(0, 16384), step(1)};
  Out<Image> padded{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where there is room to paint."};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor& pixels = image->pixels;
    const int64_t rows = pixels.size(1), columns = pixels.size(2);
    const int64_t height = rows + *top + *bottom, width = columns + *left + *right;
    at::Tensor canvas = at::full({pixels.size(0), height, width, pixels.size(3)}, 0.5, at::kFloat);
    canvas.narrow(1, *top, rows).narrow(2, *left, columns).copy_(pixels);
    at::Tensor paint = at::ones({1, height, width});
    paint.narrow(1, *top, rows).narrow(2, *left, columns).copy_(inside(rows, columns));
    padded = Image{canvas};
    mask = Mask{paint};
  }

  // Squares of how near each pixel is to an edge that got room, where there is space for a fade at all.
  at::Tensor inside(int64_t rows, int64_t columns) const {
    const int64_t fade = *feathering;
    if (fade == 0 || 2 * fade >= rows || 2 * fade >= columns) return at::zeros({rows, columns});
    const at::Tensor y = distances(rows, *top != 0, *bottom != 0), x = distances(columns, *left != 0, *right != 0);
    const at::Tensor nearest = at::minimum(y.unsqueeze(1), x).clamp_max(fade);
    const at::Tensor v = (double(fade) - nearest) / double(fade);  // float64 until it is a mask
    return (v * v).to(at::kFloat);
  }

  // Pixels to the nearest of the edges that count; the far edge is one pixel away from the last.
  static at::Tensor distances(int64_t size, bool from_begin, bool from_end) {
    const at::Tensor index = at::arange(size, at::kDouble), none = at::full({size}, double(size), at::kDouble);
    return at::minimum(from_begin ? index : none, from_end ? size - index : none);
  }
};

}  // namespace

void register_image_transform_nodes(Registry& registry) {
  registry.add<ImageCrop>();
  registry.add<ImageRotate>();
  registry.add<ImageFlip>();
  registry.add<ImagePadForOutpaint>();
}

}  // namespace heddle
