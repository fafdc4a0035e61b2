// The values that travel between diffusion nodes. All are cheap handles to shared, immutable contents.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/socket_types.h"
#include "nodes/diffusion/clip_text.h"
#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/schedules.h"
#include "nodes/diffusion/unet.h"
#include "nodes/diffusion/vae.h"
#include "nodes/lazy.h"
#include "nodes/weights/checkpoint.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/patched_weights.h"

namespace heddle {

/// Pixels a cell of a latent is wide and high: the VAEs of all families here halve three times.
inline constexpr int64_t kCell = 8;

/// A part of a model file with changes on top: what a LoRA needs to know of its target.
struct PatchedPart {
  std::shared_ptr<const weights::TensorFile> file;
  weights::Part part;
  std::shared_ptr<const weights::Patches> patches;  // null: none
  weights::Rounding rounding = weights::Rounding::kNone;
  weights::Placement placement = weights::Placement::kBySize;
  /// The part without patches. Networks that are made from it have their unchanged tensors in common.
  std::shared_ptr<const diffusion::Weights> unpatched = nullptr;

  /// Names and shapes of the tensors, without reading any.
  weights::NamesAndShapes names_and_shapes() const;
  /// What the patches add to the memory of the part without, in bytes.
  size_t bytes() const;
  /// The part without patches, in fp32: networks made from it share it.
  SharedBytes shared() const;
};

/// MODEL: predicts noise. The network is built when it is first sampled with, so a chain of LoRAs is merged once.
struct Model {
  PatchedPart weights;
  weights::Family family = weights::Family::kUnknown;
  diffusion::ModelSampling sampling;
  double latent_scale = 0.18215;
  std::shared_ptr<const Lazy<diffusion::UNet>> network;
  std::vector<float> latent_mean{}, latent_spread{};  // by channel, of the VAE's latents; none: 0 and 1
  std::optional<double> differential{};               // see diffusion::SampleRequest
  std::vector<diffusion::MakeHooks> hooks{};  // of its patches, in the order of their nodes
};
Model make_model(PatchedPart part, weights::Family family, diffusion::ModelSampling sampling);
/// What a node passes on that may be used without a model: whoever wants to use it is told so in words.
Model absent_model();
/// Of Playground v2.5, whose latents are levelled by channel.
void use_playground_latents(Model& model);
Model with_patches(const Model& model, std::shared_ptr<const weights::Patches> patches);
/// The model with one more patch of sampling, behind those that it has.
Model with_hooks(const Model& model, diffusion::MakeHooks hooks);

/// One network of a CLIP; its kind is that of its part.
struct TextEncoder {
  PatchedPart weights;
  std::shared_ptr<const Lazy<diffusion::ClipText>> network;
};

/// CLIP: encodes text. Without encoders it is a stand-in that says so when used.
struct Clip {
  std::vector<TextEncoder> encoders;  // in the order of PartKind; SDXL has two
  weights::Family family = weights::Family::kUnknown;
  std::optional<int> layer;  // -1 the last, -2 the one before...; none: the encoder's own
  std::string missing;       // why there are no encoders; "" if there are

  size_t bytes() const;
  std::vector<SharedBytes> shared() const;
};
Clip make_clip(std::vector<PatchedPart> parts, weights::Family family);
/// Each encoder with the patches that `patches_of` gives for it; where these are its own it stays as it is.
using PatchesOf = std::function<std::shared_ptr<const weights::Patches>(const PatchedPart& encoder)>;
Clip with_patches(const Clip& clip, const PatchesOf& patches_of);

/// VAE: pictures to latents and back. Without a part it is a stand-in that says so when used.
struct VaeValue {
  PatchedPart weights;
  std::string missing;  // why there is none; "" if there is one
  std::shared_ptr<const Lazy<diffusion::Vae>> network;
};
VaeValue make_vae(PatchedPart part);
/// A Tiny AutoEncoder; see read_tiny_network for the scale.
VaeValue make_tiny_vae(PatchedPart part, double latent_scale);
/// No network: the latent is the picture.
VaeValue pixel_space_vae();
/// The network, or std::runtime_error with the reason why there is none.
std::shared_ptr<const diffusion::Vae> open_vae(const VaeValue& vae, const diffusion::Heartbeat& heartbeat);

/// LATENT: unscaled ("VAE space").
struct Latent {
  at::Tensor samples;                // [B, C, H/8, W/8]
  at::Tensor noise_mask;             // undefined, or [b, 1, h, w]: 1 where to paint
  std::vector<int64_t> batch_index;  // empty, or which draw of noise each picture takes
};

/// IMAGE: [B, H, W, C], fp32, 0..1.
struct Image {
  at::Tensor pixels;
};

/// MASK: [B, H, W], fp32, 0..1.
struct Mask {
  at::Tensor values;
};

template <>
struct SocketType<Model> {
  static constexpr std::string_view kName = "MODEL";
  static size_t bytes(const Model& model) { return model.weights.bytes(); }
  static std::vector<SharedBytes> shared(const Model& model) { return {model.weights.shared()}; }
};
template <>
struct SocketType<Clip> {
  static constexpr std::string_view kName = "CLIP";
  static size_t bytes(const Clip& clip) { return clip.bytes(); }
  static std::vector<SharedBytes> shared(const Clip& clip) { return clip.shared(); }
};
template <>
struct SocketType<VaeValue> {
  static constexpr std::string_view kName = "VAE";
  static size_t bytes(const VaeValue& vae) { return vae.weights.bytes(); }
  static std::vector<SharedBytes> shared(const VaeValue& vae) { return {vae.weights.shared()}; }
};
template <>
struct SocketType<diffusion::Conditioning> {
  static constexpr std::string_view kName = "CONDITIONING";
  static size_t bytes(const diffusion::Conditioning& conditioning);
  static void write(const diffusion::Conditioning& conditioning, std::ostream& out);
  static diffusion::Conditioning read(std::istream& in);
};
template <>
struct SocketType<Latent> {
  static constexpr std::string_view kName = "LATENT";
  static size_t bytes(const Latent& latent);
  static void write(const Latent& latent, std::ostream& out);
  static Latent read(std::istream& in);
};
template <>
struct SocketType<Image> {
  static constexpr std::string_view kName = "IMAGE";
  static size_t bytes(const Image& image);
  static void write(const Image& image, std::ostream& out);
  static Image read(std::istream& in);
};
template <>
struct SocketType<Mask> {
  static constexpr std::string_view kName = "MASK";
  static size_t bytes(const Mask& mask);
  static void write(const Mask& mask, std::ostream& out);
  static Mask read(std::istream& in);
};

struct CheckpointFile : File {
  static constexpr std::string_view kFolder = "checkpoints";
};
struct LoraFile : File {
  static constexpr std::string_view kFolder = "loras";
};
struct HypernetworkFile : File {
  static constexpr std::string_view kFolder = "hypernetworks";
};
struct TextEncoderFile : File {
  static constexpr std::string_view kFolder = "text_encoders";
};
struct DiffusionModelFile : File {
  static constexpr std::string_view kFolder = "diffusion_models";
};
struct ConfigFile : File {
  static constexpr std::string_view kFolder = "configs";
};
struct InputFile : File {
  static constexpr std::string_view kFolder = "input";
};

}  // namespace heddle
