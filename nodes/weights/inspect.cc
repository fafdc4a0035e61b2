#include "nodes/weights/inspect.h"

#include <algorithm>

#include "nodes/weights/family.h"
#include "nodes/weights/lora_facts.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/part.h"
#include "nodes/weights/unet_names.h"

namespace heddle::weights {
namespace {

// Dimension `dim` of a tensor, 0 if it has none such.
int64_t dimension(const NamesAndShapes& shapes, const std::string& name, size_t dim) {
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
  return "U-Net: " + channels_text(dimension(shapes, input, 0), of_levels) + ", " +
         std::to_string(dimension(shapes, input, 1)) + " input channels, text " +
         std::to_string(context) + " wide";
}

std::string vae_text(const NamesAndShapes& shapes) {
  std::vector<int64_t> of_levels;
  for (int level = 0;; ++level) {
    const std::string block = "encoder.down." + std::to_string(level) + ".block.0.conv1.weight";
    if (!shapes.contains(block)) break;
    of_levels.push_back(dimension(shapes, block, 0));
  }
  return "VAE: " + channels_text(dimension(shapes, "encoder.conv_in.weight", 0), of_levels) + ", " +
         std::to_string(dimension(shapes, "decoder.conv_in.weight", 1)) + " latent channels";
}

std::string text_encoder_text(const NamesAndShapes& shapes) {
  size_t layers = 0;
  for (const auto& [name, shape] : shapes) layers += name.ends_with(".mlp.fc1.weight");
  const std::string embedding = "text_model.embeddings.token_embedding.weight";
  return "text encoder: " + std::to_string(dimension(shapes, embedding, 1)) + " wide, " +
         std::to_string(layers) + " layers";
}

std::string parts_text(const TensorFile& file) {
  std::string text;
  for (const PartKind kind :
       {PartKind::kUNet, PartKind::kVae, PartKind::kClipL, PartKind::kClipH, PartKind::kClipG}) {
    const auto part = find_part(file.tensors(), kind);
    if (!part) continue;
    const NamesAndShapes shapes = shapes_of(file, *part);
    if (!text.empty()) text += '\n';
    switch (kind) {
      case PartKind::kUNet:
        text += unet_text(shapes);
        break;
      case PartKind::kVae:
        text += vae_text(shapes);
        break;
      case PartKind::kClipL:
      case PartKind::kClipH:
      case PartKind::kClipG:
        text += text_encoder_text(shapes);
        break;
    }
  }
  return text;
}

}  // namespace

FileSummary inspect_file(const std::filesystem::path& path) {
  const auto file = TensorFile::open(path);
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
  } else if (kind.readable) {
    summary.layout = parts_text(*file);
  }
  for (const auto& [name, info] : file->tensors())
    ++summary.dtypes[std::string(dtype_name(info.type))];
  summary.tensors = file->tensors().size();
  summary.bytes = file->bytes();
  summary.metadata = file->metadata();
  return summary;
}

}  // namespace heddle::weights
