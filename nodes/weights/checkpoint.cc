#include "nodes/weights/checkpoint.h"

#include "nodes/weights/file_kind.h"
#include "nodes/weights/required_names.h"

namespace heddle::weights {
namespace {

constexpr int64_t kLatentChannels = 4;
constexpr const char* kNotSupported =
    ", which is not supported yet (supported: Stable Diffusion 1.x, 2.x and XL)";

[[noreturn]] void reject(const TensorFile& file, const std::string& problem) {
  throw FileError(file.name() + ": " + problem);
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
  if (guess.name.empty() || guess.family != Family::kUnknown) return;
  reject(file, "this is a file for " + guess.name + " (" + guess.reason + ")" + kNotSupported);
}

void check_found(const Checkpoint& checkpoint) {
  if (checkpoint.unet || checkpoint.vae || !checkpoint.text.empty()) return;
  const TensorFile& file = *checkpoint.file;
  const KindGuess guess = guess_kind(file);
  if (!guess.what.empty()) reject(file, "this is " + guess.what + kNotSupported);
  std::vector<std::string> names;
  for (const auto& [name, info] : file.tensors()) names.push_back(name);
  reject(file, "no U-Net, VAE or text encoder was found among its " + std::to_string(names.size()) +
                   " tensors: " + (names.empty() ? "it is empty" : first_of(names)) +
                   ". Is it a checkpoint of Stable Diffusion?");
}

void check_complete(const TensorFile& file, const Part& part, const NamesAndShapes& shapes) {
  const MissingNames missing = missing_names(part.kind, shapes);
  if (missing.names.empty()) return;
  std::vector<std::string> keys;
  for (const std::string& name : missing.names) keys.push_back(part.file_name(name));
  reject(file, std::string("the ") + part_name(part.kind) + " lacks " +
                   std::to_string(keys.size()) + " of " + std::to_string(missing.needed) +
                   " tensors: " + first_of(keys) +
                   ". The file is damaged or was cut down; fetch it again");
}

// Dimension `dim` of tensor `name`, or -1 if there is none.
int64_t dimension(const NamesAndShapes& shapes, const std::string& name, size_t dim) {
  const auto found = shapes.find(name);
  return found != shapes.end() && dim < found->second.size() ? found->second[dim] : -1;
}

void check_vae(const TensorFile& file, const Part& vae) {
  const NamesAndShapes shapes = shapes_of(file, vae);
  const char* input = is_tiny_vae(shapes) ? "taesd_decoder.1.weight" : "decoder.conv_in.weight";
  const int64_t channels = dimension(shapes, input, 1);
  if (channels == kLatentChannels || channels < 0) {
    check_complete(file, vae, shapes);
    return;
  }
  reject(file, "its VAE has " + std::to_string(channels) +
                   " latent channels; Stable Diffusion's has " + std::to_string(kLatentChannels) +
                   ". Other families are not supported yet");
}

// The latent alone, with a picture to edit, or with a masked picture and its mask.
void check_input(const TensorFile& file, const NamesAndShapes& unet) {
  const int64_t channels = dimension(unet, "input_blocks.0.0.weight", 1);
  if (channels == 4 || channels == 8 || channels == 9 || channels < 0) return;
  reject(file, "its U-Net takes " + std::to_string(channels) +
                   " channels; known are 4, 8 (InstructPix2Pix) and 9 (inpainting)");
}

void check_widths(const TensorFile& file, const NamesAndShapes& unet, int64_t text_width) {
  for (const auto& [name, shape] : unet) {
    if (!name.ends_with(".attn2.to_k.weight")) continue;
    const int64_t context = dimension(unet, name, 1);
    if (context == text_width) return;
    reject(file, "its U-Net listens to text " + std::to_string(context) +
                     " wide, but its text encoder gives " + std::to_string(text_width) +
                     ": they do not belong together");
  }
}

void check_unet(const Checkpoint& checkpoint, int64_t text_width) {
  const TensorFile& file = *checkpoint.file;
  const NamesAndShapes shapes = shapes_of(file, *checkpoint.unet);
  check_complete(file, *checkpoint.unet, shapes);
  if (checkpoint.family == Family::kUnknown) {
    reject(file, std::string("its U-Net is of an unknown family") + kNotSupported);
  }
  check_input(file, shapes);
  if (text_width > 0) check_widths(file, shapes, text_width);
}

// Checks the encoders and gives the width of their texts, side by side; 0 if there are none.
int64_t check_texts(const TensorFile& file, const std::vector<Part>& texts) {
  int64_t width = 0;
  for (const Part& text : texts) {
    const NamesAndShapes shapes = shapes_of(file, text);
    check_complete(file, text, shapes);
    width += dimension(shapes, "text_model.embeddings.token_embedding.weight", 1);
  }
  return width;
}

// Beside a U-Net there is no doubt about which encoder a single one is.
PartKind only_encoder_of(Family family, PartKind found) {
  switch (family) {
    case Family::kSd1:
      return PartKind::kClipL;
    case Family::kSd2:
      return PartKind::kClipH;
    case Family::kSdxlRefiner:
      return PartKind::kClipG;
    case Family::kSdxl:
    case Family::kUnknown:
      break;
  }
  return found;
}

std::vector<Part> texts_of(const TensorFile& file, Family family, bool beside_unet) {
  std::vector<Part> texts = find_text_encoders(file.tensors());
  if (beside_unet && texts.size() == 1) {
    const PartKind kind = only_encoder_of(family, texts[0].kind);
    texts[0] = with_kind(std::move(texts[0]), kind);
  }
  return texts;
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& path) {
  return open_checkpoint(TensorFile::open(path));
}

Checkpoint open_checkpoint(std::shared_ptr<const TensorFile> opened) {
  Checkpoint checkpoint;
  checkpoint.file = std::move(opened);
  const TensorFile& file = *checkpoint.file;
  check_kind(file);
  FamilyGuess guess = guess_family(file);
  check_family(file, guess);
  checkpoint.family = guess.family;
  checkpoint.reason = std::move(guess.reason);

  checkpoint.unet = find_part(file.tensors(), PartKind::kUNet);
  checkpoint.vae = find_part(file.tensors(), PartKind::kVae);
  checkpoint.text = texts_of(file, checkpoint.family, checkpoint.unet.has_value());
  check_found(checkpoint);
  if (checkpoint.vae) check_vae(file, *checkpoint.vae);
  const int64_t text_width = check_texts(file, checkpoint.text);
  if (!checkpoint.unet) return checkpoint;
  check_unet(checkpoint, text_width);
  checkpoint.prediction = guess_prediction(file, checkpoint.family, *checkpoint.unet);
  return checkpoint;
}

}  // namespace heddle::weights
