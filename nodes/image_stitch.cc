// Pictures side by side.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/image_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

// The last picture of the shorter batch is repeated.
at::Tensor with_batch(const at::Tensor& x, int64_t count) {
  const int64_t missing = count - x.size(0);
  if (missing <= 0) return x;
  return at::cat({x, x.slice(0, x.size(0) - 1).repeat({missing, 1, 1, 1})});
}

// Room on both ends of a side.
at::Tensor centred(const at::Tensor& x, int64_t side, int64_t size, double value) {
  const int64_t missing = size - x.size(side);
  if (missing == 0) return x;
  std::vector<int64_t> padding(size_t(2 * (4 - side)), 0);  // from the last side backwards
  padding[padding.size() - 2] = missing / 2;
  padding[padding.size() - 1] = missing - missing / 2;
  return at::constant_pad_nd(x, padding, value);
}

struct ImageStitch final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageStitch",
                                  .category = "image/transform",
                                  .help = "Puts a picture beside another.",
                                  .display_name = "Image Stitch"};
  In<Image> image1{this, "image1", "First picture."};
  In<Choice> direction{this, "direction", "Where the second picture goes.", "right", one_of({"right", "down", "left", "up"})};
  In<bool> match_image_size{this, "match_image_size", "Resize the second picture to fit; off, the smaller one gets bars.", true};
  In<int64_t> spacing_width{this, "spacing_width", "Pixels between them, rounded up to an even number.", 0, between(0, 1024), step(2)};
  In<Choice> spacing_color{this, "spacing_color", "Colour between them.", "white",
                           one_of({"white", "black", "red", "green", "blue"})};
  In<Image> image2{this, "image2", "Second picture; without it the first is passed on.", kOptional};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image1, "image1");
    if (!image2.given()) {
      result = image1.shared();
      return;
    }
    check_not_empty(*image2, "image2");
    const int64_t batch = std::max(image1->pixels.size(0), image2->pixels.size(0));
    at::Tensor first = with_batch(image1->pixels, batch), second = with_batch(image2->pixels, batch);
    const int64_t side = *direction == "right" || *direction == "left" ? 2 : 1, across = 3 - side;
    if (*match_image_size) {
      second = matched(second, first, side);
    } else {
      const int64_t size = std::max(first.size(across), second.size(across));
      const double grey = *spacing_color == "white" ? 1.0 : 0.0;
      first = centred(first, across, size, grey);
      second = centred(second, across, size, grey);
    }
    const int64_t channels = std::max(first.size(3), second.size(3));
    std::vector<at::Tensor> parts{with_channels(first, channels), with_channels(second, channels)};
    if (*direction == "left" || *direction == "up") std::swap(parts[0], parts[1]);
    if (*spacing_width > 0) parts.insert(parts.begin() + 1, spacing(parts[0], side));
    result = Image{at::cat(parts, side).contiguous()};
  }

  static at::Tensor matched(const at::Tensor& x, const at::Tensor& like, int64_t side) {
    const double aspect = double(x.size(2)) / double(x.size(1));
    const int64_t h = like.size(1), w = like.size(2);
    const int64_t width = side == 2 ? std::max(int64_t{1}, int64_t(double(h) * aspect)) : w;
    const int64_t height = side == 1 ? std::max(int64_t{1}, int64_t(double(w) / aspect)) : h;
    return resized(x, "lanczos", width, height);
  }

  at::Tensor spacing(const at::Tensor& like, int64_t side) const {
    std::vector<int64_t> shape = like.sizes().vec();
    shape[size_t(side)] = *spacing_width + *spacing_width % 2;
    at::Tensor gap = at::zeros(shape);
    const bool white = *spacing_color == "white";
    const auto fill = [&](int64_t c) { gap.select(3, c).fill_(1); };
    if (white || *spacing_color == "red") fill(0);
    if (shape[3] > 1 && (white || *spacing_color == "green")) fill(1);
    if (shape[3] > 2 && (white || *spacing_color == "blue")) fill(2);
    if (shape[3] > 3) fill(3);
    return gap;
  }
};

}  // namespace

void register_image_stitch_nodes(Registry& registry) { registry.add<ImageStitch>(); }

}  // namespace heddle
