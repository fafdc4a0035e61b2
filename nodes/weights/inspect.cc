#include "nodes/weights/inspect.h"

#include <algorithm>

#include "nodes/weights/diffusers_folder.h"
#include "nodes/weights/family.h"
#include "nodes/weights/lora_facts.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/part.h"
#include "nodes/weights/prediction.h"
#include "nodes/weights/required_names.h"
#include "nodes/weights/unet_names.h"

namespace heddle::weights {
namespace {

// Dimension `dim` of a tensor, 0 if it has none such.
int64_t size_or_0(const NamesAndShapes& shapes, const std::string& name, size_t dim) {
  const auto found = shapes.find(name);
  if (found == shapes.end() || dim >= found->second.size()) return 0;
  return found->second[dim];
}

std::string channels_text(int64_t width, const std::vector<int64_t>& of_levels) {
  std::string text = std::to_string(width) + " channels x (";
  for (size_t i = 0; i < of_levels.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(of_levels[i] / std::max<int64_t>(1, width));
  }
  return text + ")";
}

// "860 million weights".
std::string count_text(const NamesAndShapes& shapes) {
  double weights = 0;
  for (const auto& [name, shape] : shapes) {
    double elements = 1;
    for (const int64_t n : shape) elements *= double(n);
    weights += elements;
  }
  char number[32];
  std::snprintf(number, sizeof number, weights < 1e7 ? "%.1f" : "%.0f", weights / 1e6);
  return std::string(number) + " million weights";
}

std::string unet_text(const NamesAndShapes& shapes) {
  std::map<int, int64_t> channels;  // of a level
  const int per_level = blocks_per_level(shapes);
  for (const auto& [name, shape] : shapes) {
    const auto block = split_block_name(name, "input_blocks.");
    if (!block || block->rest != "out_layers.3.weight" || shape.empty()) continue;
    channels[(block->block - 1) / per_level] = shape[0];
  }
  std::vector<int64_t> of_levels;
  for (const auto& [level, count] : channels) of_levels.push_back(count);
  int64_t context = 0;
  for (const auto& [name, shape] : shapes) {
    if (name.ends_with(".attn2.to_k.weight") && shape.size() == 2) context = shape[1];
  }
  const std::string input = "input_blocks.0.0.weight";
  return "U-Net: " + channels_text(size_or_0(shapes, input, 0), of_levels) + ", " +
         std::to_string(size_or_0(shapes, input, 1)) + " input channels, text " +
         std::to_string(context) + " wide";
}

std::string vae_text(const NamesAndShapes& shapes) {
  if (is_tiny_vae(shapes)) return "VAE: Tiny AutoEncoder";
  std::vector<int64_t> of_levels;
  for (int level = 0;; ++level) {
    const std::string block = "encoder.down." + std::to_string(level) + ".block.0.conv1.weight";
    if (!shapes.contains(block)) break;
    of_levels.push_back(size_or_0(shapes, block, 0));
  }
  return "VAE: " + channels_text(size_or_0(shapes, "encoder.conv_in.weight", 0), of_levels) + ", " +
         std::to_string(size_or_0(shapes, "decoder.conv_in.weight", 1)) + " latent channels";
}

std::string text_encoder_text(PartKind kind, const NamesAndShapes& shapes) {
  size_t layers = 0;
  for (const auto& [name, shape] : shapes) layers += name.ends_with(".mlp.fc1.weight");
  const std::string embedding = "text_model.embeddings.token_embedding.weight";
  return part_name(kind) + (": " + std::to_string(size_or_0(shapes, embedding, 1)) + " wide, " +
         std::to_string(layers) + " layers");
}

std::string part_text(PartKind kind, const NamesAndShapes& shapes) {
  switch (kind) {
    case PartKind::kUNet:
      return unet_text(shapes);
    case PartKind::kVae:
      return vae_text(shapes);
    case PartKind::kClipL:
    case PartKind::kClipH:
    case PartKind::kClipG:
      break;
  }
  return text_encoder_text(kind, shapes);
}

std::string parts_text(const TensorFile& file) {
  std::vector<Part> parts = find_text_encoders(file.tensors());
  for (const PartKind kind : {PartKind::kVae, PartKind::kUNet}) {
    if (auto part = find_part(file.tensors(), kind)) parts.insert(parts.begin(), std::move(*part));
  }
  std::string text;
  for (const Part& part : parts) {
    const NamesAndShapes shapes = shapes_of(file, part);
    text += (text.empty() ? "" : "\n") + part_text(part.kind, shapes) + ", " + count_text(shapes);
  }
  return text;
}

std::string prediction_text(const TensorFile& file, Family family) {
  const auto unet = find_part(file.tensors(), PartKind::kUNet);
  if (!unet || family == Family::kUnknown) return "";
  const PredictionGuess guess = guess_prediction(file, family, *unet);
  return std::string(prediction_name(guess.prediction)) + " (" + guess.reason + ")";
}

}  // namespace

FileSummary inspect_file(const std::filesystem::path& path) {
  const bool is_folder = std::filesystem::is_directory(path);
  const auto file = is_folder ? open_diffusers_folder(path) : TensorFile::open(path);
  const KindGuess kind = guess_kind(*file);
  const bool is_lora = kind.kind == FileKind::kLora;
  const FamilyGuess family = is_lora ? guess_lora_family(*file) : guess_family(*file);

  FileSummary summary;
  summary.kind = kind.kind;
  summary.what = kind.what;
  summary.family = family.name;
  summary.reason = family.reason;
  if (is_lora) {
    const LoraFacts facts = lora_facts(*file);
    summary.layout = lora_facts_text(facts);
    summary.triggers = facts.triggers;
  } else {
    summary.prediction = prediction_text(*file, family.family);
    if (kind.readable) summary.layout = parts_text(*file);
  }
  for (const auto& [name, info] : file->tensors())
    ++summary.dtypes[std::string(dtype_name(info.type))];
  summary.tensors = file->tensors().size();
  summary.bytes = file->bytes();
  summary.metadata = file->metadata();
  return summary;
}

}  // namespace heddle::weights
