// Transparency and colour spaces.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/porter_duff.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/image_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct SplitImageWithAlpha final : Node {
  static constexpr NodeInfo kInfo{.name = "SplitImageWithAlpha",
                                  .category = "mask/compositing",
                                  .help = "Takes the transparency out of a picture, as a mask.",
                                  .display_name = "Split Image with Alpha"};
  In<Image> image{this, "image", "Picture."};
  Out<Image> colours{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where the picture is transparent."};

  void run(RunContext&) override {
    const at::Tensor& pixels = image->pixels;
    colours = Image{pixels.slice(3, 0, 3).contiguous()};
    mask = Mask{pixels.size(3) > 3 ? 1.0 - pixels.select(3, 3) : at::zeros(pixels.sizes().slice(0, 3))};
  }
};

// A mask in the size of a picture.
at::Tensor fitted(const at::Tensor& mask, const at::Tensor& pixels, const char* method, bool center) {
  if (mask.size(1) == pixels.size(1) && mask.size(2) == pixels.size(2)) return mask;
  return diffusion::resize(mask.unsqueeze(1), method, pixels.size(2), pixels.size(1), center).squeeze(1);
}

struct JoinImageWithAlpha final : Node {
  static constexpr NodeInfo kInfo{.name = "JoinImageWithAlpha",
                                  .category = "mask/compositing",
                                  .help = "Makes a picture transparent where a mask is white.",
                                  .display_name = "Join Image with Alpha"};
  In<Image> image{this, "image", "Picture."};
  In<Mask> alpha{this, "alpha", "1 where the picture becomes transparent; it is resized to the picture."};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    check_not_empty(*alpha, "alpha");
    check_picture_channels(image->pixels, 3, "the picture");
    const int64_t batch = std::max(image->pixels.size(0), alpha->values.size(0));
    const at::Tensor opacity = 1.0 - fitted(alpha->values, image->pixels, "bilinear", false);
    result = Image{at::cat({match_batch(image->pixels.slice(3, 0, 3), batch, "image"),
                            match_batch(opacity, batch, "alpha").unsqueeze(-1)},
                           3)};
  }
};

struct PorterDuffImageComposite final : Node {
  static constexpr NodeInfo kInfo{.name = "PorterDuffImageComposite",
                                  .category = "mask/compositing",
                                  .help = "Combines two transparent pictures.",
                                  .display_name = "Porter-Duff Image Composite"};
  In<Image> source{this, "source", "Picture above; it takes the size of the one below."};
  In<Mask> source_alpha{this, "source_alpha", "1 where it is transparent."};
  In<Image> destination{this, "destination", "Picture below."};
  In<Mask> destination_alpha{this, "destination_alpha", "1 where it is transparent."};
  In<Choice> mode{this, "mode", "How they are combined.", "DST", one_of(diffusion::porter_duff_modes())};
  Out<Image> image{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where the result is transparent."};

  void run(RunContext&) override {
    check_not_empty(*source, "source");
    check_not_empty(*source_alpha, "source_alpha");
    check_not_empty(*destination, "destination");
    check_not_empty(*destination_alpha, "destination_alpha");
    const at::Tensor& below = destination->pixels;
    if (source->pixels.size(3) != below.size(3)) {
      throw std::runtime_error("the source has " + std::to_string(source->pixels.size(3)) +
                               " channels, the destination " + std::to_string(below.size(3)) +
                               ": split the transparency off first");
    }
    at::Tensor above = source->pixels;
    if (above.size(1) != below.size(1) || above.size(2) != below.size(2)) {
      above = resized(above, "bicubic", below.size(2), below.size(1), true);
    }
    const int64_t batch = std::max(std::max(above.size(0), below.size(0)),
                                   std::max(source_alpha->values.size(0), destination_alpha->values.size(0)));
    const auto opacity = [&](const Mask& alpha, const char* what) {
      return 1 - match_batch(fitted(alpha.values, below, "bicubic", true), batch, what).unsqueeze(-1);
    };
    const diffusion::Layer result = diffusion::porter_duff(
        {match_batch(above, batch, "source"), opacity(*source_alpha, "source_alpha")},
        {match_batch(below, batch, "destination"), opacity(*destination_alpha, "destination_alpha")}, mode->value);
    image = Image{result.colours};
    mask = Mask{(1 - result.opacity).squeeze(-1)};
  }
};

// The colour difference signals of ITU-R BT.601, moved to the middle of 0..1.
struct ImageRGBToYUV final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageRGBToYUV",
                                  .category = "image/batch",
                                  .help = "Takes a picture apart into brightness and two colour differences."};
  In<Image> image{this, "image", "Picture."};
  Out<Image> y{this, "Y", "Brightness."};
  Out<Image> u{this, "U", "Blue against brightness."};
  Out<Image> v{this, "V", "Red against brightness."};

  void run(RunContext&) override {
    check_picture_channels(image->pixels, 3, "the picture");
    const auto channel = [&](int64_t c) { return image->pixels.slice(3, c, c + 1); };
    const at::Tensor red = channel(0), green = channel(1), blue = channel(2);
    const at::Tensor luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    const auto grey = [](const at::Tensor& x) { return Image{x.expand({-1, -1, -1, 3}).contiguous()}; };
    y = grey(luma);
    u = grey((blue - luma) * 0.564 + 0.5);
    v = grey((red - luma) * 0.713 + 0.5);
  }
};

struct ImageYUVToRGB final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageYUVToRGB",
                                  .category = "image/batch",
                                  .help = "Puts a picture together from brightness and two colour differences."};
  In<Image> y{this, "Y", "Brightness."};
  In<Image> u{this, "U", "Blue against brightness."};
  In<Image> v{this, "V", "Red against brightness."};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext&) override {
    if (y->pixels.sizes() != u->pixels.sizes() || y->pixels.sizes() != v->pixels.sizes()) {
      throw std::runtime_error("Y, U and V must be pictures of one size and number");
    }
    const auto plane = [](const Image& image) { return image.pixels.mean(3, true); };
    const at::Tensor luma = plane(*y), blue = plane(*u) - 0.5, red = plane(*v) - 0.5;
    image = Image{at::cat({luma + 1.403 * red, luma - 0.714 * red - 0.344 * blue, luma + 1.773 * blue}, 3)};
  }
};

}  // namespace

void register_image_channel_nodes(Registry& registry) {
  registry.add<SplitImageWithAlpha>();
  registry.add<JoinImageWithAlpha>();
  registry.add<PorterDuffImageComposite>();
  registry.add<ImageRGBToYUV>();
  registry.add<ImageYUVToRGB>();
}

}  // namespace heddle
