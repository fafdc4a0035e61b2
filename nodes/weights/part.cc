#include "nodes/weights/part.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "nodes/weights/ema_names.h"
#include "nodes/weights/namings.h"
#include "nodes/weights/signs.h"

namespace heddle::weights {
namespace {

using Tensors = std::map<std::string, TensorInfo>;
using ReadNames = Naming (*)(const NamesAndShapes& file);

// Where files keep a part: the prefix of its keys, what tells that it is there, and how it is
// named. First match wins.
struct Place {
  PartKind kind;
  std::string_view prefix, sign;
  ReadNames read;
};
constexpr Place kPlaces[] = {
    {PartKind::kUNet, "model.diffusion_model.", "input_blocks.", same_names},
    {PartKind::kUNet, "model.model.", "input_blocks.", same_names},
    {PartKind::kUNet, "diffusion_model.", "input_blocks.", same_names},
    {PartKind::kUNet, "model.", "input_blocks.", same_names},
    {PartKind::kUNet, "net.", "input_blocks.", same_names},
    {PartKind::kUNet, "", "input_blocks.", same_names},
    {PartKind::kUNet, "unet.", "up_blocks.0.resnets.", diffusers_unet_names},
    {PartKind::kUNet, "", "up_blocks.0.resnets.", diffusers_unet_names},
    {PartKind::kVae, "first_stage_model.", "decoder.up.", same_names},
    {PartKind::kVae, "vae.", "decoder.up.", same_names},
    {PartKind::kVae, "", "decoder.up.", same_names},
    {PartKind::kVae, "first_stage_model.", "decoder.up_blocks.", diffusers_vae_names},
    {PartKind::kVae, "vae.", "decoder.up_blocks.", diffusers_vae_names},
    {PartKind::kVae, "", "decoder.up_blocks.", diffusers_vae_names},
    {PartKind::kVae, "", "taesd_decoder.", same_names},
};

// The same for text encoders. Some names do not say which one it is: then its size does, and `kind`
// where the size is nobody's.
struct TextPlace {
  PartKind kind;
  bool by_size;
  std::string_view prefix, sign;
  ReadNames read;
};
constexpr std::string_view kInTextModel = "text_model.encoder.layers.";
constexpr std::string_view kBareLayers = "encoder.layers.0.self_attn.";
constexpr std::string_view kBlocks = "transformer.resblocks.";
constexpr std::string_view kOfDiffusersFolder = "text_encoder.";
constexpr TextPlace kTextPlaces[] = {
    {PartKind::kClipL, false, "cond_stage_model.transformer.", kInTextModel, same_names},
    {PartKind::kClipL, false, "cond_stage_model.transformer.", kBareLayers, bare_text_names},
    {PartKind::kClipH, false, "cond_stage_model.model.", kBlocks, open_clip_names},
    {PartKind::kClipL, false, "conditioner.embedders.0.transformer.", kInTextModel, same_names},
    {PartKind::kClipL, false, "conditioner.embedders.0.transformer.", kBareLayers, bare_text_names},
    {PartKind::kClipG, true, "conditioner.embedders.0.model.", kBlocks, open_clip_names},
    {PartKind::kClipG, false, "conditioner.embedders.1.model.", kBlocks, open_clip_names},
    {PartKind::kClipL, false, "text_encoders.clip_l.transformer.", kInTextModel, same_names},
    {PartKind::kClipH, false, "text_encoders.clip_h.transformer.", kInTextModel, same_names},
    {PartKind::kClipG, false, "text_encoders.clip_g.transformer.", kInTextModel, same_names},
    {PartKind::kClipL, true, kOfDiffusersFolder, kInTextModel, same_names},
    {PartKind::kClipG, false, "text_encoder_2.", kInTextModel, same_names},
    {PartKind::kClipL, true, "", kInTextModel, same_names},
    {PartKind::kClipH, true, "", kBlocks, open_clip_names},
    {PartKind::kClipL, true, "", kBareLayers, bare_text_names},
};

// The names a network may ask for begin like this.
struct Roots {
  PartKind kind;
  const char* name;
  std::array<std::string_view, 7> roots;
};
constexpr Roots kRoots[] = {
    {PartKind::kUNet,
     "U-Net",
     {"input_blocks.", "middle_block.", "output_blocks.", "out.", "time_embed.", "label_emb."}},
    {PartKind::kVae,
     "VAE",
     {"decoder.", "encoder.", "quant_conv.", "post_quant_conv.", "taesd_encoder.",
      "taesd_decoder.", "vae_scale"}},
    {PartKind::kClipL, "CLIP-L text encoder", {"text_model.", "text_projection."}},
    {PartKind::kClipH, "OpenCLIP-H text encoder", {"text_model.", "text_projection."}},
    {PartKind::kClipG, "OpenCLIP-G text encoder", {"text_model.", "text_projection."}},
};

const Roots& roots_of(PartKind kind) { return kRoots[size_t(kind)]; }

bool is_of_network(const Roots& roots, std::string_view network_name) {
  for (const std::string_view root : roots.roots) {
    if (!root.empty() && network_name.starts_with(root)) return true;
  }
  return false;
}

bool is_at(const Tensors& tensors, std::string_view prefix, std::string_view sign) {
  return has_sign(tensors, std::string(prefix) + std::string(sign));
}

Part read_part(const Tensors& tensors, PartKind kind, std::string_view prefix, ReadNames read) {
  NamesAndShapes file;
  for (auto at = tensors.lower_bound(std::string(prefix));
       at != tensors.end() && at->first.starts_with(prefix); ++at) {
    file.emplace(at->first.substr(prefix.size()), at->second.shape);
  }
  Part part{.kind = kind, .prefix = std::string(prefix), .naming = read(file)};
  std::erase_if(part.naming.sources, [&](const auto& named) {
    return !is_of_network(roots_of(kind), named.first);
  });
  for (auto& [name, source] : part.naming.sources) source.key.insert(0, part.prefix);
  return part;
}

// The sizes of the published encoders.
struct TextSize {
  PartKind kind;
  const char* last_layer;  // that only this one and larger ones have
  int64_t width;
};
constexpr TextSize kTextSizes[] = {
    {PartKind::kClipG, "text_model.encoder.layers.30.mlp.fc1.weight", 1280},
    {PartKind::kClipH, "text_model.encoder.layers.22.mlp.fc1.weight", 1024},
    {PartKind::kClipL, "text_model.encoder.layers.11.mlp.fc1.weight", 768},
};

PartKind kind_by_size(const Tensors& tensors, const Part& text, PartKind otherwise) {
  for (const TextSize& size : kTextSizes) {
    if (text.naming.sources.contains(size.last_layer)) return size.kind;
  }
  const auto found = text.naming.sources.find("text_model.embeddings.token_embedding.weight");
  if (found == text.naming.sources.end()) return otherwise;
  const auto shape = tensors.at(found->second.key).shape;
  for (const TextSize& size : kTextSizes) {
    if (shape.size() == 2 && shape[1] == size.width) return size.kind;
  }
  return otherwise;
}

// diffusers publishes H without the last layer, which nothing reads, and reads what it has to the end.
constexpr const char* kLastButOneOfH = "text_model.encoder.layers.22.mlp.fc1.weight";
constexpr const char* kLastOfH = "text_model.encoder.layers.23.mlp.fc1.weight";

int layers_left_out(const Part& text) {
  if (text.kind != PartKind::kClipH) return 0;
  const Sources& sources = text.naming.sources;
  if (sources.contains(kLastOfH)) return 0;
  return sources.contains(kLastButOneOfH) || text.prefix == kOfDiffusersFolder;
}

}  // namespace

const char* part_name(PartKind kind) { return roots_of(kind).name; }

bool is_text_encoder(PartKind kind) { return kind != PartKind::kUNet && kind != PartKind::kVae; }

std::vector<int64_t> Source::shape(std::vector<int64_t> of_file) const {
  if (third != kAllRows && !of_file.empty()) of_file[0] /= 3;
  if (transposed) std::reverse(of_file.begin(), of_file.end());
  if (pointwise) of_file.insert(of_file.end(), {1, 1});
  return of_file;
}

std::string Part::file_name(const std::string& network_name) const {
  const auto found = naming.sources.find(network_name);
  return found != naming.sources.end() ? found->second.key : prefix + naming.spell(network_name);
}

Part with_kind(Part text, PartKind kind) {
  text.kind = kind;
  text.layers_left_out = layers_left_out(text);
  return text;
}

Naming same_names(const NamesAndShapes& file) {
  Naming naming{{}, [](const std::string& network_name) { return network_name; }};
  for (const auto& [key, shape] : file) naming.sources.emplace(key, Source{key});
  return naming;
}

std::optional<Part> find_part(const Tensors& tensors, PartKind kind) {
  for (const Place& place : kPlaces) {
    if (place.kind != kind || !is_at(tensors, place.prefix, place.sign)) continue;
    return read_part(tensors, kind, place.prefix, place.read);
  }
  if (kind == PartKind::kUNet) return find_averaged_unet(tensors);
  return std::nullopt;
}

std::vector<Part> find_text_encoders(const Tensors& tensors) {
  std::map<PartKind, Part> found;
  for (const TextPlace& place : kTextPlaces) {
    if (!is_at(tensors, place.prefix, place.sign)) continue;
    Part text = read_part(tensors, place.kind, place.prefix, place.read);
    const PartKind kind = place.by_size ? kind_by_size(tensors, text, place.kind) : place.kind;
    found.emplace(kind, with_kind(std::move(text), kind));
  }
  std::vector<Part> texts;
  for (auto& [kind, text] : found) texts.push_back(std::move(text));
  return texts;
}

NamesAndShapes shapes_of(const TensorFile& file, const Part& part) {
  NamesAndShapes shapes;
  for (const auto& [name, source] : part.naming.sources) {
    shapes.emplace(name, source.shape(file.tensors().at(source.key).shape));
  }
  return shapes;
}

}  // namespace heddle::weights
