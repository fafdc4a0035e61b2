// Pictures blurred, sharpened, in few colours, blended, with noise, and their bright parts grown or shrunk.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/blur.h"
#include "nodes/diffusion/morphology.h"
#include "nodes/diffusion/noise.h"
#include "nodes/diffusion/quantize.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/image_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

at::Tensor filtered(const at::Tensor& pixels, const at::Tensor& kernel) {
  return diffusion::filter(pixels.movedim(-1, 1), kernel).movedim(1, -1).contiguous();
}

struct ImageBlur final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageBlur", .category = "image/postprocessing", .help = "Blurs a picture."};
  In<Image> image{this, "image", "Picture."};
  In<int64_t> blur_radius{this, "blur_radius", "Pixels to each side that are mixed in.", 1, between(1, 31), step(1)};
  In<double> sigma{this, "sigma", "How evenly, in units of the radius.", 1.0, between(0.1, 10.0), step(0.1)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    result = Image{filtered(image->pixels, diffusion::gaussian_kernel(*blur_radius, *sigma))};
  }
};

struct ImageSharpen final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageSharpen", .category = "image/postprocessing", .help = "Sharpens a picture."};
  In<Image> image{this, "image", "Picture."};
  In<int64_t> sharpen_radius{this, "sharpen_radius", "Pixels to each side that are looked at.", 1, between(1, 31), step(1)};
  In<double> sigma{this, "sigma", "How evenly, in units of the radius.", 1.0, between(0.1, 10.0), step(0.01)};
  In<double> alpha{this, "alpha", "How much.", 1.0, between(0.0, 5.0), step(0.01)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const at::Tensor kernel = diffusion::sharpening_kernel(*sharpen_radius, *sigma, *alpha);
    result = Image{filtered(image->pixels, kernel).clamp(0, 1)};
  }
};

struct ImageQuantize final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ImageQuantize", .category = "image/postprocessing", .help = "Reduces a picture to few colours."};
  In<Image> image{this, "image", "Picture."};
  In<int64_t> colors{this, "colors", "How many colours, chosen for each picture.", 256, between(1, 256), step(1)};
  In<Choice> dither{this, "dither", "How to scatter colours so that in-between tones show.",
                    one_of({"none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"})};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext& context) override {
    check_not_empty(*image, "image");
    check_picture_channels(image->pixels, 3, "the picture");
    check_finite(image->pixels, "the picture");
    at::Tensor reduced = image->pixels.clone();  // transparency stays
    for (int64_t k = 0; k < reduced.size(0); ++k) {
      at::Tensor colours = reduced.select(0, k).slice(2, 0, 3);
      colours.copy_(diffusion::quantize(colours, int(*colors), dither->value, heartbeat_of(context)));
    }
    result = Image{reduced};
  }
};

// Soft light as the W3C's compositing specification defines it.
at::Tensor soft_light(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor curve = at::where(a <= 0.25, ((16 * a - 12) * a + 4) * a, at::sqrt(a));
  return at::where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (curve - a));
}

at::Tensor blended(const at::Tensor& a, const at::Tensor& b, const Choice& mode) {
  if (mode == "normal") return b;
  if (mode == "multiply") return a * b;
  if (mode == "screen") return 1 - (1 - a) * (1 - b);
  if (mode == "overlay") return at::where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b));
  if (mode == "soft_light") return soft_light(a, b);
  return a - b;  // difference
}

struct ImageBlend final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageBlend", .category = "image/postprocessing", .help = "Blends two pictures."};
  In<Image> image1{this, "image1", "Picture below."};
  In<Image> image2{this, "image2", "Picture above; it takes the size of the first."};
  In<double> blend_factor{this, "blend_factor", "0: only the first picture.", 0.5, between(0.0, 1.0), step(0.01)};
  In<Choice> blend_mode{this, "blend_mode", "How the second changes the first.",
                        one_of({"normal", "multiply", "screen", "overlay", "soft_light", "difference"})};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image1, "image1");
    check_not_empty(*image2, "image2");
    const at::Tensor& first = image1->pixels;
    at::Tensor second = with_channels(image2->pixels, first.size(3));
    if (second.size(1) != first.size(1) || second.size(2) != first.size(2)) {
      second = resized(second, "bicubic", first.size(2), first.size(1), true);
    }
    second = match_batch(second, first.size(0), "image2");
    const at::Tensor mixed = blended(first, second, *blend_mode);
    result = Image{(first * (1 - *blend_factor) + mixed * *blend_factor).clamp(0, 1)};
  }
};

struct ImageAddNoise final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageAddNoise", .category = "image", .help = "Adds grain to a picture."};
  In<Image> image{this, "image", "Picture."};
  In<Seed> seed{this, "seed", "Same seed, same grain."};
  In<double> strength{this, "strength", "How much; 1 drowns the picture.", 0.5, between(0.0, 1.0), step(0.01)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    at::Generator generator = diffusion::make_generator(seed->value);
    const at::Tensor grain = at::randn(image->pixels.sizes(), generator, at::kFloat);
    result = Image{(image->pixels + *strength * grain).clamp(0.0, 1.0)};
  }
};

struct Morphology final : Node {
  static constexpr NodeInfo kInfo{.name = "Morphology",
                                  .category = "image/postprocessing",
                                  .help = "Grows or shrinks what is bright in a picture.",
                                  .display_name = "ImageMorphology"};
  In<Image> image{this, "image", "Picture."};
  In<Choice> operation{this, "operation", "Dilate grows, erode shrinks; the others combine the two.",
                       one_of({"erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"})};
  In<int64_t> kernel_size{this, "kernel_size", "Side of the square that is looked at, in pixels.", 3, between(3, 999), step(1)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    check_finite(image->pixels, "the picture");
    result = Image{changed(image->pixels.movedim(-1, 1)).movedim(1, -1).contiguous()};
  }

  at::Tensor changed(const at::Tensor& x) const {
    const auto dilate = [&](const at::Tensor& t) { return diffusion::dilate_box(t, *kernel_size); };
    const auto erode = [&](const at::Tensor& t) { return diffusion::erode_box(t, *kernel_size); };
    if (*operation == "erode") return erode(x);
    if (*operation == "dilate") return dilate(x);
    if (*operation == "open") return dilate(erode(x));
    if (*operation == "close") return erode(dilate(x));
    if (*operation == "gradient") return dilate(x) - erode(x);
    if (*operation == "bottom_hat") return erode(dilate(x)) - x;
    return x - dilate(erode(x));  // top_hat
  }
};

}  // namespace

void register_image_filter_nodes(Registry& registry) {
  registry.add<ImageBlur>();
  registry.add<ImageSharpen>();
  registry.add<ImageQuantize>();
  registry.add<ImageBlend>();
  registry.add<ImageAddNoise>();
  registry.add<Morphology>();
}

}  // namespace heddle
