// Pictures in other sizes.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/image_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

constexpr const char* kMethodHelp = "How to interpolate.";

std::vector<std::string> methods() { return {"nearest-exact", "bilinear", "area", "bicubic", "lanczos"}; }

// Halves go to the even number, as the sizes of existing graphs did.
int64_t scaled(int64_t size, double factor) {
  return std::max(int64_t{1}, int64_t(std::nearbyint(double(size) * factor)));
}

struct ImageScaleBy final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageScaleBy",
                                  .category = "image/upscaling",
                                  .help = "Resizes a picture by a factor.",
                                  .display_name = "Upscale Image By"};
  In<Image> image{this, "image", "Picture to resize."};
  In<Choice> upscale_method{this, "upscale_method", kMethodHelp, one_of(methods())};
  In<double> scale_by{this, "scale_by", "Factor for both sides.", 1.0, between(0.01, 8.0), step(0.01)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor& pixels = image->pixels;
    result = Image{resized(pixels, upscale_method->value, scaled(pixels.size(2), *scale_by),
                           scaled(pixels.size(1), *scale_by))};
  }
};

struct ImageScaleToTotalPixels final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageScaleToTotalPixels",
                                  .category = "image/upscaling",
                                  .help = "Resizes a picture to a number of pixels; its shape stays."};
  In<Image> image{this, "image", "Picture to resize."};
  In<Choice> upscale_method{this, "upscale_method", kMethodHelp, one_of(methods())};
  In<double> megapixels{this, "megapixels", "Pixels of the result; 1 is 1024x1024.", 1.0, between(0.01, 16.0), step(0.01)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor& pixels = image->pixels;
    const double total = std::floor(*megapixels * 1024 * 1024);
    const double factor = std::sqrt(total / double(pixels.size(1) * pixels.size(2)));
    result = Image{resized(pixels, upscale_method->value, scaled(pixels.size(2), factor), scaled(pixels.size(1), factor))};
  }
};

struct ImageScaleToMaxDimension final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageScaleToMaxDimension",
                                  .category = "image/upscaling",
                                  .help = "Resizes a picture so that its longer side has a given length."};
  In<Image> image{this, "image", "Picture to resize."};
  In<Choice> upscale_method{this, "upscale_method", kMethodHelp,
                            one_of({"area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"})};
  In<int64_t> largest_size{this, "largest_size", "Length of the longer side in pixels.", 512, between(0, 16384), step(1)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    if (*largest_size == 0) throw std::runtime_error("largest_size is 0: nothing would be left of the picture");
    const double height = double(image->pixels.size(1)), width = double(image->pixels.size(2));
    const int64_t w = height > width ? scaled(*largest_size, width / height) : *largest_size;
    const int64_t h = width > height ? scaled(*largest_size, height / width) : *largest_size;
    result = Image{resized(image->pixels, upscale_method->value, w, h)};
  }
};

struct ResizeAndPadImage final : Node {
  static constexpr NodeInfo kInfo{.name = "ResizeAndPadImage",
                                  .category = "image/transform",
                                  .help = "Fits a picture into a size, with bars where its shape is another."};
  In<Image> image{this, "image", "Picture to resize."};
  In<int64_t> target_width{this, "target_width", "Width in pixels.", 512, between(1, 16384), step(1)};
  In<int64_t> target_height{this, "target_height", "Height in pixels.", 512, between(1, 16384), step(1)};
  In<Choice> padding_color{this, "padding_color", "Colour of the bars.", one_of({"white", "black"})};
  In<Choice> interpolation{this, "interpolation", kMethodHelp,
                           one_of({"area", "bicubic", "nearest-exact", "bilinear", "lanczos"})};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor& pixels = image->pixels;
    const double rows = double(pixels.size(1)), columns = double(pixels.size(2));
    const double factor = std::min(double(*target_width) / columns, double(*target_height) / rows);
    const int64_t width = std::max(int64_t{1}, int64_t(columns * factor));
    const int64_t height = std::max(int64_t{1}, int64_t(rows * factor));
    const at::Tensor fitted = resized(pixels, interpolation->value, width, height);
    at::Tensor padded = at::full({pixels.size(0), *target_height, *target_width, pixels.size(3)},
                                 *padding_color == "white" ? 1.0 : 0.0, at::kFloat);
    padded.narrow(1, (*target_height - height) / 2, height).narrow(2, (*target_width - width) / 2, width).copy_(fitted);
    result = Image{padded};
  }
};

struct GetImageSize final : Node {
  static constexpr NodeInfo kInfo{.name = "GetImageSize",
                                  .category = "image",
                                  .help = "Says how large a picture is.",
                                  .display_name = "Get Image Size"};
  In<Image> image{this, "image", "Picture to measure."};
  Out<int64_t> width{this, "width", "Pixels."};
  Out<int64_t> height{this, "height", "Pixels."};
  Out<int64_t> batch_size{this, "batch_size", "Pictures."};

  void run(RunContext&) override {
    width = image->pixels.size(2);
    height = image->pixels.size(1);
    batch_size = image->pixels.size(0);
  }
};

}  // namespace

void register_image_size_nodes(Registry& registry) {
  registry.add<ImageScaleBy>();
  registry.add<ImageScaleToTotalPixels>();
  registry.add<ImageScaleToMaxDimension>();
  registry.add<ResizeAndPadImage>();
  registry.add<GetImageSize>();
}

}  // namespace heddle
