#include "nodes/values.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/tensor_io.h"
#include "nodes/weights/shared_weights.h"

namespace heddle {
namespace {

bool is_half(const PatchedPart& weights) { return weights::is_text_encoder(weights.part.kind); }

// Every part is computed in fp32 whatever its file holds; the text encoder by way of fp16 (see part_weights).
PatchedPart with_sharing(PatchedPart weights) {
  if (weights.unpatched) return weights;
  weights.unpatched = weights::shared_weights(weights::part_weights(weights.file, weights.part, is_half(weights), nullptr));
  return weights;
}

// REQUIRES: `weights` is with_sharing().
std::shared_ptr<const diffusion::Weights> read_weights(const PatchedPart& weights) {
  return weights::patched_weights(weights.unpatched, weights.patches, is_half(weights), weights.placement);
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
diffusion::ClipKind clip_kind(weights::PartKind part, weights::Family family) {
  diffusion::ClipKind kind = clip_kind(part);
  if (family != weights::Family::kSdxl) return kind;
  kind.default_layer = -2;
  kind.norm_hidden = false;
  return kind;
}

// What is merged is rounded, so nothing goes beside.
TextEncoder make_encoder(PatchedPart part, weights::Family family) {
  PatchedPart weights = with_sharing(std::move(part));
  weights.placement = weights::Placement::kMerged;
  TextEncoder encoder{.weights = weights, .network = nullptr};
  const diffusion::ClipKind kind = clip_kind(weights.part.kind, family);
  encoder.network = std::make_shared<const Lazy<diffusion::ClipText>>([weights, kind](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::ClipText>(*read_weights(weights), kind, heartbeat);
  });
  return encoder;
}

}  // namespace

weights::NamesAndShapes PatchedPart::names_and_shapes() const {
  weights::NamesAndShapes shapes = weights::shapes_of(*file, part);
  if (!patches) return shapes;
  for (const auto& [name, changes] : *patches) shapes[name] = weights::patched_shape(shapes.at(name), changes);
  return shapes;
}

size_t PatchedPart::bytes() const {
  if (!file) return 0;
  if (patches) return weights::added_bytes(*unpatched, *patches, placement);
  size_t elements = 0;
  for (const auto& [name, shape] : names_and_shapes()) elements += size_t(c10::multiply_integers(shape));
  return elements * sizeof(float);
}

Model make_model(PatchedPart part, weights::Family family, diffusion::ModelSampling sampling) {
  PatchedPart weights = with_sharing(std::move(part));
  auto network = unread_unet(weights);
  return {.weights = std::move(weights), .family = family, .sampling = std::move(sampling), .network = std::move(network)};
}

Model with_patches(const Model& model, std::shared_ptr<const weights::Patches> patches) {
  Model patched = model;
  patched.weights.patches = std::move(patches);
  patched.network = unread_unet(patched.weights);
  return patched;
}

size_t Clip::bytes() const {
  size_t bytes = 0;
  for (const TextEncoder& encoder : encoders) bytes += encoder.weights.bytes();
  return bytes;
}

Clip make_clip(std::vector<PatchedPart> parts, weights::Family family) {
  Clip clip{.encoders = {}, .family = family, .layer = std::nullopt};
  for (PatchedPart& part : parts) clip.encoders.push_back(make_encoder(std::move(part), family));
  return clip;
}

Clip with_patches(const Clip& clip, const std::map<weights::PartKind, std::shared_ptr<const weights::Patches>>& patches) {
  Clip patched = clip;
  for (TextEncoder& encoder : patched.encoders) {
    const auto found = patches.find(encoder.weights.part.kind);
    if (found == patches.end()) continue;
    PatchedPart weights = encoder.weights;
    weights.patches = found->second;
    encoder = make_encoder(std::move(weights), clip.family);
  }
  return patched;
}

VaeValue make_vae(PatchedPart part) {
  const PatchedPart weights = with_sharing(std::move(part));
  VaeValue vae{.weights = weights};
  vae.network = std::make_shared<const Lazy<diffusion::Vae>>([weights](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::Vae>(*read_weights(weights), heartbeat);
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
