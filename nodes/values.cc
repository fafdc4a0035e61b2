#include "nodes/values.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/tensor_io.h"

namespace heddle {
namespace {

// Every part is computed in fp32 whatever its file holds; the text encoder by way of fp16 (see part_weights).
std::shared_ptr<const diffusion::Weights> read_weights(const PatchedPart& weights, bool half) {
  return weights::part_weights(weights.file, weights.part, half, weights.patches);
}

diffusion::ClipKind clip_kind(weights::Family) { return diffusion::clip_l(); }

}  // namespace

weights::NamesAndShapes PatchedPart::names_and_shapes() const { return weights::shapes_of(*file, part); }

size_t PatchedPart::bytes() const {
  if (!file) return 0;
  size_t elements = 0;
  for (const auto& [name, shape] : names_and_shapes()) elements += size_t(c10::multiply_integers(shape));
  return elements * sizeof(float);
}

Model make_model(PatchedPart weights, weights::Family family, diffusion::ModelSampling sampling) {
  Model model{.weights = weights, .family = family, .sampling = std::move(sampling)};
  model.network = std::make_shared<const Lazy<diffusion::UNet>>([weights](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::UNet>(*read_weights(weights, false), heartbeat);
  });
  return model;
}

Model with_patches(const Model& model, std::shared_ptr<const weights::Patches> patches) {
  PatchedPart weights = model.weights;
  weights.patches = std::move(patches);
  Model patched = make_model(std::move(weights), model.family, model.sampling);
  patched.latent_scale = model.latent_scale;
  return patched;
}

Clip make_clip(PatchedPart weights, weights::Family family) {
  Clip clip{.weights = weights, .family = family};
  clip.network = std::make_shared<const Lazy<diffusion::ClipText>>(
      [weights, family](const diffusion::Heartbeat& heartbeat) {
        return std::make_shared<const diffusion::ClipText>(*read_weights(weights, true), clip_kind(family), heartbeat);
      });
  return clip;
}

Clip with_patches(const Clip& clip, std::shared_ptr<const weights::Patches> patches) {
  PatchedPart weights = clip.weights;
  weights.patches = std::move(patches);
  Clip patched = make_clip(std::move(weights), clip.family);
  patched.layer = clip.layer;
  return patched;
}

VaeValue make_vae(PatchedPart weights) {
  VaeValue vae{.weights = weights};
  vae.network = std::make_shared<const Lazy<diffusion::Vae>>([weights](const diffusion::Heartbeat& heartbeat) {
    return std::make_shared<const diffusion::Vae>(*read_weights(weights, false), heartbeat);
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
