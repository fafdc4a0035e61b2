#include "nodes/weights/checkpoint.h"

#include "nodes/weights/file_kind.h"
#include "nodes/weights/required_names.h"

namespace heddle::weights {
namespace {

constexpr int64_t kLatentChannels = 4;

[[noreturn]] void reject(const TensorFile& file, const std::string& problem) {
  throw FileError(file.name() + ": " + problem);
}

std::string not_supported() {
  return std::string(", which is not supported yet (supported: single files of ") +
         family_name(Family::kSd1) + ")";
}

void check_kind(const TensorFile& file) {
  const KindGuess guess = guess_kind(file);
  switch (guess.kind) {
    case FileKind::kCheckpoint:
    case FileKind::kUNet:
    case FileKind::kVae:
    case FileKind::kTextEncoder:
      return;
    case FileKind::kLora:
    case FileKind::kEmbedding:
    case FileKind::kLatent:
    case FileKind::kOther:
      break;
  }
  if (!guess.what.empty()) reject(file, "this is " + guess.what + ", not a checkpoint");
}

void check_family(const TensorFile& file, const FamilyGuess& guess) {
  if (guess.name.empty() || is_supported(guess.family)) return;
  reject(file, "this is a file for " + guess.name + " (" + guess.reason + ")" + not_supported());
}

void check_found(const Checkpoint& checkpoint) {
  if (checkpoint.unet || checkpoint.vae || !checkpoint.text.empty()) return;
  const TensorFile& file = *checkpoint.file;
  const KindGuess guess = guess_kind(file);
  if (!guess.what.empty()) reject(file, "this is " + guess.what + not_supported());
  std::vector<std::string> names;
  for (const auto& [name, info] : file.tensors()) names.push_back(name);
  reject(file, "no U-Net, VAE or text encoder was found among its " + std::to_string(names.size()) +
                   " tensors: " + (names.empty() ? "it is empty" : first_of(names)) +
                   ". Is it a checkpoint of Stable Diffusion?");
}

void check_complete(const TensorFile& file, const Part& part) {
  const MissingNames missing = missing_names(part.kind, shapes_of(file, part));
  if (missing.names.empty()) return;
  std::vector<std::string> keys;
  for (const std::string& name : missing.names) keys.push_back(part.file_name(name));
  reject(file, std::string("the ") + part_name(part.kind) + " lacks " +
                   std::to_string(keys.size()) + " of " + std::to_string(missing.needed) +
                   " tensors: " + first_of(keys) +
                   ". The file is damaged or was cut down; fetch it again");
}

// Dimension `dim` of tensor `name`, or -1 if there is none.
int64_t dimension(const TensorFile& file, const Part& part, const std::string& name, size_t dim) {
  const auto found = part.names.find(name);
  if (found == part.names.end()) return -1;
  const auto& shape = file.tensors().at(found->second).shape;
  return dim < shape.size() ? shape[dim] : -1;
}

void check_vae(const TensorFile& file, const Part& vae) {
  const int64_t channels = dimension(file, vae, "decoder.conv_in.weight", 1);
  if (channels == kLatentChannels || channels < 0) return;
  reject(file, "its VAE has " + std::to_string(channels) +
                   " latent channels; Stable Diffusion's has " + std::to_string(kLatentChannels) +
                   ". Other families are not supported yet");
}

void check_widths(const TensorFile& file, const Part& unet, const Part& text) {
  const int64_t width = dimension(file, text, "text_model.embeddings.token_embedding.weight", 1);
  for (const auto& [name, key] : unet.names) {
    if (!name.ends_with(".attn2.to_k.weight")) continue;
    const int64_t context = dimension(file, unet, name, 1);
    if (context == width) return;
    reject(file, "its U-Net listens to text " + std::to_string(context) +
                     " wide, but its text encoder gives " + std::to_string(width) +
                     ": they do not belong together");
  }
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& path) {
  Checkpoint checkpoint;
  checkpoint.file = TensorFile::open(path);
  const TensorFile& file = *checkpoint.file;
  check_kind(file);
  FamilyGuess guess = guess_family(file);
  check_family(file, guess);

  checkpoint.unet = find_part(file.tensors(), PartKind::kUNet);
  checkpoint.vae = find_part(file.tensors(), PartKind::kVae);
  for (const PartKind kind : kTextEncoders) {
    if (auto part = find_part(file.tensors(), kind)) checkpoint.text.push_back(std::move(*part));
  }
  check_found(checkpoint);
  if (checkpoint.vae) check_vae(file, *checkpoint.vae);
  for (const auto* part : {&checkpoint.unet, &checkpoint.vae}) {
    if (*part) check_complete(file, **part);
  }
  for (const Part& part : checkpoint.text) check_complete(file, part);
  if (checkpoint.unet && guess.name.empty()) {
    reject(file, "its U-Net is of an unknown family" + not_supported());
  }
  if (checkpoint.unet && checkpoint.text.size() == 1) {
    check_widths(file, *checkpoint.unet, checkpoint.text[0]);
  }

  checkpoint.family = guess.family;
  checkpoint.reason = std::move(guess.reason);
  return checkpoint;
}

}  // namespace heddle::weights
