#include "nodes/weights/part.h"

#include <array>
#include <string_view>

#include "nodes/weights/ema_names.h"
#include "nodes/weights/signs.h"

namespace heddle::weights {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

// Where files keep a part: the prefix of its keys, and what they leave out of the network's names.
// First match wins.
struct Place {
  PartKind kind;
  std::string_view prefix, implied = "";
};
constexpr Place kPlaces[] = {
    {PartKind::kUNet, "model.diffusion_model."},
    {PartKind::kUNet, "model.model."},
    {PartKind::kUNet, "diffusion_model."},
    {PartKind::kUNet, "model."},
    {PartKind::kUNet, "net."},
    {PartKind::kUNet, ""},
    {PartKind::kVae, "first_stage_model."},
    {PartKind::kVae, "vae."},
    {PartKind::kVae, ""},
    {PartKind::kClipL, "cond_stage_model.transformer."},
    {PartKind::kClipL, "cond_stage_model.transformer.", "text_model."},
    {PartKind::kClipL, "text_encoders.clip_l.transformer."},
    {PartKind::kClipL, ""},
};

// The names a network may ask for begin like this. The first one tells that the part is there at
// all.
struct Roots {
  PartKind kind;
  const char* name;
  std::array<std::string_view, 6> roots;
};
constexpr Roots kRoots[] = {
    {PartKind::kUNet,
     "U-Net",
     {"input_blocks.", "middle_block.", "output_blocks.", "out.", "time_embed.", "label_emb."}},
    {PartKind::kVae,
     "VAE",
     {"decoder.up.", "decoder.", "encoder.", "quant_conv.", "post_quant_conv."}},
    {PartKind::kClipL,
     "CLIP-L text encoder",
     {"text_model.encoder.layers.", "text_model.", "text_projection."}},
    {PartKind::kClipH,
     "OpenCLIP-H text encoder",
     {"text_model.encoder.layers.", "text_model.", "text_projection."}},
    {PartKind::kClipG,
     "OpenCLIP-G text encoder",
     {"text_model.encoder.layers.", "text_model.", "text_projection."}},
};

const Roots& roots_of(PartKind kind) { return kRoots[size_t(kind)]; }

bool is_of_network(const Roots& roots, std::string_view network_name) {
  for (const std::string_view root : roots.roots) {
    if (!root.empty() && network_name.starts_with(root)) return true;
  }
  return false;
}

}  // namespace

const char* part_name(PartKind kind) { return roots_of(kind).name; }

bool is_text_encoder(PartKind kind) { return kind != PartKind::kUNet && kind != PartKind::kVae; }

std::string Part::file_name(const std::string& network_name) const {
  const auto found = names.find(network_name);
  if (found != names.end()) return found->second;
  const bool leaves_out = network_name.starts_with(implied);
  return prefix + network_name.substr(leaves_out ? implied.size() : 0);
}

std::optional<Part> find_part(const Tensors& tensors, PartKind kind) {
  const Roots& roots = roots_of(kind);
  for (const Place& place : kPlaces) {
    if (place.kind != kind) continue;
    Part part{kind, std::string(place.prefix), std::string(place.implied), {}};
    if (!has_sign(tensors, part.file_name(std::string(roots.roots[0])))) continue;
    for (auto at = tensors.lower_bound(part.prefix);
         at != tensors.end() && at->first.starts_with(part.prefix); ++at) {
      const std::string name = part.implied + at->first.substr(part.prefix.size());
      if (is_of_network(roots, name)) part.names.emplace(name, at->first);
    }
    return part;
  }
  if (kind == PartKind::kUNet) return find_averaged_unet(tensors);
  return std::nullopt;
}

NamesAndShapes shapes_of(const TensorFile& file, const Part& part) {
  NamesAndShapes shapes;
  for (const auto& [name, key] : part.names) shapes.emplace(name, file.tensors().at(key).shape);
  return shapes;
}

}  // namespace heddle::weights
