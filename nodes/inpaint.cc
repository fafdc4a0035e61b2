// Painting into a picture: what is kept and what a model sees of it.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/tensor_checks.h"
#include "nodes/vae_checks.h"

namespace heddle {
namespace {

using diffusion::Conditioning;

// Cut centrally along `side` to a multiple of `cell`, as Vae::encode cuts pictures.
at::Tensor whole_cells(const at::Tensor& x, int64_t side, int64_t cell) {
  const int64_t rest = x.size(side) % cell;
  return x.narrow(side, rest / 2, x.size(side) - rest);
}

// A picture and a mask of its size, both cut to whole latent cells.
struct MaskedPicture {
  at::Tensor pixels;  // [B, H, W, C]
  at::Tensor mask;    // [b, 1, H, W]

  // The picture with grey in place of what is to be painted.
  at::Tensor with_hole() const {
    const at::Tensor keep = (1.0 - mask.round()).squeeze(1).unsqueeze(-1);
    const at::Tensor colours = pixels.slice(3, 0, 3);
    return (colours - 0.5) * match_batch(keep, colours.size(0), "the mask") + 0.5;
  }
};

MaskedPicture masked_picture(const Image& image, const Mask& mask, int64_t cell) {
  check_not_empty(mask, "mask");
  check_finite(mask.values, "the mask");
  const at::Tensor fitted = diffusion::resize(mask.values.unsqueeze(1), "bilinear", image.pixels.size(2),
                                              image.pixels.size(1), false);
  return {whole_cells(whole_cells(image.pixels, 1, cell), 2, cell),
          whole_cells(whole_cells(fitted, 2, cell), 3, cell)};
}

// Everything within a square of `size` around white is white; sums of ones are exact, so rows and columns may go apart.
at::Tensor grown(const at::Tensor& mask, int64_t size) {
  if (size == 0) return mask.round();
  const int64_t margin = size / 2;
  const at::Tensor rows = at::conv2d(mask.round(), at::ones({1, 1, size, 1}), {}, at::IntArrayRef{1, 1}, at::IntArrayRef{margin, 0});
  const at::Tensor sums = at::conv2d(rows, at::ones({1, 1, 1, size}), {}, at::IntArrayRef{1, 1}, at::IntArrayRef{0, margin});
  return sums.clamp(0, 1).slice(2, 0, mask.size(2)).slice(3, 0, mask.size(3)).round();
}

Conditioning with_picture(const Conditioning& conditioning, const at::Tensor& latent, const at::Tensor& mask) {
  Conditioning changed = conditioning;
  for (auto& entry : changed) {
    entry.concat_latent = latent;
    if (mask.defined()) entry.concat_mask = mask;
  }
  return changed;
}

struct VAEEncodeForInpaint final : Node {
  static constexpr NodeInfo kInfo{.name = "VAEEncodeForInpaint",
                                  .category = "latent/inpaint",
                                  .help = "Encodes a picture with a hole where it is to be painted anew.",
                                  .display_name = "VAE Encode (for Inpainting)"};
  In<Image> pixels{this, "pixels", "Picture to paint into."};
  In<VaeValue> vae{this, "vae", "VAE."};
  In<Mask> mask{this, "mask", "White where to paint; it is resized to the picture."};
  In<int64_t> grow_mask_by{this, "grow_mask_by", "Paint this many pixels around the mask too, so that no seam shows.", 6,
                           between(0, 64), step(1)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    check_encodable(*pixels, *network);
    const MaskedPicture picture = masked_picture(*pixels, *mask, network->scale());
    latent = Latent{.samples = network->encode(picture.with_hole(), heartbeat),
                    .noise_mask = grown(picture.mask, *grow_mask_by)};
  }
};

struct SetLatentNoiseMask final : Node {
  static constexpr NodeInfo kInfo{.name = "SetLatentNoiseMask",
                                  .category = "latent/inpaint",
                                  .help = "Has a latent painted only where a mask is white; the rest stays as it is.",
                                  .display_name = "Set Latent Noise Mask"};
  In<Latent> samples{this, "samples", "Latent to paint into."};
  In<Mask> mask{this, "mask", "White where to paint; it is resized to the latent."};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*mask, "mask");
    check_finite(mask->values, "the mask");
    Latent masked = *samples;
    masked.noise_mask = mask->values.unsqueeze(1);
    latent = std::move(masked);
  }
};

struct InpaintModelConditioning final : Node {
  static constexpr NodeInfo kInfo{.name = "InpaintModelConditioning",
                                  .category = "conditioning/inpaint",
                                  .help = "Shows an inpainting model the picture around the hole that it is to fill."};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<VaeValue> vae{this, "vae", "VAE."};
  In<Image> pixels{this, "pixels", "Picture to paint into."};
  In<Mask> mask{this, "mask", "White where to paint; it is resized to the picture."};
  In<bool> noise_mask{this, "noise_mask",
                      "Also keep what lies outside of the mask exactly as it is; off lets the model blend.", true};
  Out<Conditioning> positive_out{this, "positive"};
  Out<Conditioning> negative_out{this, "negative"};
  Out<Latent> latent{this, "latent"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    check_encodable(*pixels, *network);
    const MaskedPicture picture = masked_picture(*pixels, *mask, network->scale());
    const at::Tensor around = network->encode(picture.with_hole(), heartbeat);
    positive_out = with_picture(*positive, around, picture.mask.squeeze(1));
    negative_out = with_picture(*negative, around, picture.mask.squeeze(1));
    Latent whole{.samples = network->encode(pixels->pixels, heartbeat)};
    if (*noise_mask) whole.noise_mask = picture.mask;
    latent = std::move(whole);
  }
};

struct InstructPixToPixConditioning final : Node {
  static constexpr NodeInfo kInfo{.name = "InstructPixToPixConditioning",
                                  .category = "conditioning/instructpix2pix",
                                  .help = "Shows an editing model (InstructPix2Pix) the picture that it is to change."};
  In<Conditioning> positive{this, "positive", "What to do to the picture."};
  In<Conditioning> negative{this, "negative", "What to avoid."};
  In<VaeValue> vae{this, "vae", "VAE."};
  In<Image> pixels{this, "pixels", "Picture to change; its sides are cut to multiples of 8."};
  Out<Conditioning> positive_out{this, "positive"};
  Out<Conditioning> negative_out{this, "negative"};
  Out<Latent> latent{this, "latent", "An empty latent of the picture's size."};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    check_encodable(*pixels, *network);
    const at::Tensor picture = network->encode(pixels->pixels, heartbeat);
    positive_out = with_picture(*positive, picture, {});
    negative_out = with_picture(*negative, picture, {});
    latent = Latent{.samples = at::zeros_like(picture)};
  }
};

}  // namespace

void register_inpaint_nodes(Registry& registry) {
  registry.add<VAEEncodeForInpaint>();
  registry.add<SetLatentNoiseMask>();
  registry.add<InpaintModelConditioning>();
  registry.add<InstructPixToPixConditioning>();
}

}  // namespace heddle
