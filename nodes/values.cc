#include "nodes/values.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/diffusion/taesd.h"
#include "nodes/tensor_io.h"
#include "nodes/weights/shared_weights.h"

namespace heddle {
namespace {

constexpr const char* kNoModel =
    "there is no model: the step that this MODEL comes from was given none to pass on; link one to it";

// Every part is computed in fp32 whatever its file holds.
PatchedPart with_sharing(PatchedPart weights) {
  if (weights.unpatched) return weights;
  weights.unpatched =
      weights::shared_weights(weights::part_weights(weights.file, weights.part, weights.rounding));
  return weights;
}

// REQUIRES: `weights` is with_sharing().
std::shared_ptr<const diffusion::Weights> read_weights(const PatchedPart& weights) {
  return weights::patched_weights(weights.unpatched, weights.patches, weights.rounding, weights.placement);
}

std::shared_ptr<const Lazy<diffusion::UNet>> unread_unet(const PatchedPart& weights) {
  return std::make_shared<const Lazy<diffusion::UNet>>([weights](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::UNet>(*read_weights(weights), heartbeat);
  });
}

diffusion::ClipKind clip_kind(weights::PartKind part) {
  switch (part) {
    case weights::PartKind::kClipH:
      return diffusion::clip_h();
    case weights::PartKind::kClipG:
      return diffusion::clip_g();
    default:
      return diffusion::clip_l();
  }
}

// Inside of SDXL, CLIP-L is read as CLIP-G is: the layer before the last, without the final norm.
diffusion::ClipKind clip_kind(const weights::Part& part, weights::Family family) {
  diffusion::ClipKind kind = clip_kind(part.kind);
  kind.layers_left_out = part.layers_left_out;
  if (family != weights::Family::kSdxl) return kind;
  kind.default_layer = -2;
  kind.norm_hidden = false;
  return kind;
}

// By way of fp16, as ComfyUI keeps text encoders. What is merged is rounded, so nothing goes beside.
TextEncoder make_encoder(PatchedPart part, weights::Family family) {
  part.rounding = weights::Rounding::kFp16;
  PatchedPart weights = with_sharing(std::move(part));
  weights.placement = weights::Placement::kMerged;
  TextEncoder encoder{.weights = weights, .network = nullptr};
  const diffusion::ClipKind kind = clip_kind(weights.part, family);
  encoder.network = std::make_shared<const Lazy<diffusion::ClipText>>([weights, kind](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::ClipText>(*read_weights(weights), kind, heartbeat);
  });
  return encoder;
}

// What a latent is multiplied by for the U-Net, so that its values are near unit size (Rombach et al. 2022, Podell et al. 2023).
double latent_scale_of(weights::Family family) {
  return weights::is_xl(family) ? 0.13025 : 0.18215;
}

}  // namespace

weights::NamesAndShapes PatchedPart::names_and_shapes() const {
  if (!file) throw std::runtime_error(kNoModel);
  weights::NamesAndShapes shapes = weights::shapes_of(*file, part);
  if (!patches) return shapes;
  for (const auto& [name, changes] : *patches) shapes[name] = weights::patched_shape(shapes.at(name), changes);
  return shapes;
}

size_t PatchedPart::bytes() const {
  return file && patches ? weights::added_bytes(*unpatched, *patches, placement) : 0;
}

SharedBytes PatchedPart::shared() const {
  if (!file) return {};
  size_t elements = 0;
  for (const auto& [name, shape] : weights::shapes_of(*file, part)) elements += size_t(c10::multiply_integers(shape));
  return {unpatched, elements * sizeof(float)};
}

Model make_model(PatchedPart part, weights::Family family, diffusion::ModelSampling sampling) {
  PatchedPart weights = with_sharing(std::move(part));
  auto network = unread_unet(weights);
  return {.weights = std::move(weights),
          .family = family,
          .sampling = std::move(sampling),
          .latent_scale = latent_scale_of(family),
          .network = std::move(network)};
}

Model absent_model() {
  Model model{.weights = {}, .sampling = diffusion::stable_diffusion_sampling(), .network = nullptr};
  model.network = std::make_shared<const Lazy<diffusion::UNet>>(
      [](const diffusion::Heartbeat&) -> std::shared_ptr<const diffusion::UNet> { throw std::runtime_error(kNoModel); });
  return model;
}

// Li et al. 2024, "Playground v2.5": statistics in the configuration of its VAE.
void use_playground_latents(Model& model) {
  model.latent_scale = 0.5;
  model.latent_mean = {-1.6574f, 1.886f, -1.383f, 2.5155f};
  model.latent_spread = {8.4927f, 5.9022f, 6.5498f, 5.2299f};
}

Model with_patches(const Model& model, std::shared_ptr<const weights::Patches> patches) {
  Model patched = model;
  patched.weights.patches = std::move(patches);
  patched.network = unread_unet(patched.weights);
  return patched;
}

Model with_hooks(const Model& model, diffusion::MakeHooks hooks) {
  Model patched = model;
  patched.hooks.push_back(std::move(hooks));
  return patched;
}

size_t Clip::bytes() const {
  size_t bytes = 0;
  for (const TextEncoder& encoder : encoders) bytes += encoder.weights.bytes();
  return bytes;
}

std::vector<SharedBytes> Clip::shared() const {
  std::vector<SharedBytes> shared;
  for (const TextEncoder& encoder : encoders) shared.push_back(encoder.weights.shared());
  return shared;
}

Clip make_clip(std::vector<PatchedPart> parts, weights::Family family) {
  Clip clip{.encoders = {}, .family = family, .layer = std::nullopt, .missing = ""};
  for (PatchedPart& part : parts) clip.encoders.push_back(make_encoder(std::move(part), family));
  return clip;
}

Clip with_patches(const Clip& clip, const PatchesOf& patches_of) {
  Clip patched = clip;
  for (TextEncoder& encoder : patched.encoders) {
    auto patches = patches_of(encoder.weights);
    if (patches == encoder.weights.patches) continue;
    PatchedPart weights = encoder.weights;
    weights.patches = std::move(patches);
    encoder = make_encoder(std::move(weights), clip.family);
  }
  return patched;
}

VaeValue make_vae(PatchedPart part) {
  const PatchedPart weights = with_sharing(std::move(part));
  VaeValue vae{.weights = weights, .missing = "", .network = nullptr};
  vae.network = std::make_shared<const Lazy<diffusion::Vae>>([weights](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::Vae>(*read_weights(weights), heartbeat);
  });
  return vae;
}

VaeValue make_tiny_vae(PatchedPart part, double latent_scale) {
  const PatchedPart weights = with_sharing(std::move(part));
  VaeValue vae{.weights = weights, .missing = "", .network = nullptr};
  vae.network = std::make_shared<const Lazy<diffusion::Vae>>([weights, latent_scale](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::Vae>(diffusion::read_tiny_network(*read_weights(weights), latent_scale, heartbeat));
  });
  return vae;
}

VaeValue pixel_space_vae() {
  VaeValue vae;
  vae.network = std::make_shared<const Lazy<diffusion::Vae>>([](const diffusion::Heartbeat&) {
    return std::make_shared<const diffusion::Vae>(diffusion::pixel_space_network());
  });
  return vae;
}

std::shared_ptr<const diffusion::Vae> open_vae(const VaeValue& vae, const diffusion::Heartbeat& heartbeat) {
  if (!vae.network) throw std::runtime_error(vae.missing);
  return vae.network->get(heartbeat);
}

size_t SocketType<Latent>::bytes(const Latent& latent) {
  return tensor_bytes(latent.samples) + tensor_bytes(latent.noise_mask);
}

void SocketType<Latent>::write(const Latent& latent, std::ostream& out) {
  write_tensor(latent.samples, out);
  write_tensor(latent.noise_mask, out);
  write_tensor(at::tensor(latent.batch_index, at::kLong), out);
}

Latent SocketType<Latent>::read(std::istream& in) {
  Latent latent{.samples = read_tensor(in), .noise_mask = read_tensor(in), .batch_index = {}};
  const at::Tensor index = read_tensor(in);
  const int64_t* first = index.data_ptr<int64_t>();
  latent.batch_index.assign(first, first + index.numel());
  return latent;
}

size_t SocketType<Image>::bytes(const Image& image) { return tensor_bytes(image.pixels); }
void SocketType<Image>::write(const Image& image, std::ostream& out) { write_tensor(image.pixels, out); }
Image SocketType<Image>::read(std::istream& in) { return {read_tensor(in)}; }

size_t SocketType<Mask>::bytes(const Mask& mask) { return tensor_bytes(mask.values); }
void SocketType<Mask>::write(const Mask& mask, std::ostream& out) { write_tensor(mask.values, out); }
Mask SocketType<Mask>::read(std::istream& in) { return {read_tensor(in)}; }

}  // namespace heddle
