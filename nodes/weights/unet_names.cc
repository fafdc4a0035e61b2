#include "nodes/weights/unet_names.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "nodes/weights/namings.h"
#include "nodes/weights/renames.h"

namespace heddle::weights {
namespace {

constexpr Renamed kOutsideBlocks[] = {
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"input_blocks.0.0.", "conv_in."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
    {"label_emb.0.0.", "add_embedding.linear_1."},
    {"label_emb.0.2.", "add_embedding.linear_2."},
    {"label_emb.0.0.", "class_embedding.linear_1."},
    {"label_emb.0.2.", "class_embedding.linear_2."},
};
constexpr Renamed kInResidualBlock[] = {
    {"in_layers.0.", "norm1."},          {"in_layers.2.", "conv1."},
    {"emb_layers.1.", "time_emb_proj."}, {"out_layers.0.", "norm2."},
    {"out_layers.3.", "conv2."},         {"skip_connection.", "conv_shortcut."},
};
constexpr Renamed kInMiddle[] = {
    {"middle_block.0.", "mid_block.resnets.0."},
    {"middle_block.1.", "mid_block.attentions.0."},
    {"middle_block.2.", "mid_block.resnets.1."},
};
constexpr Renamed kDownsampling[] = {{"op.", "conv."}};
constexpr int kMaxBlocks = 100;  // more are not a network but an attempt to exhaust memory

std::string numbered(const char* blocks, int level, const char* modules, int number) {
  return std::string(blocks) + "." + std::to_string(level) + "." + modules + "." +
         std::to_string(number) + ".";
}

std::optional<std::string> in_residual_block(const std::string& block, std::string_view rest) {
  const auto renamed = rename(rest, kInResidualBlock, To::kFile);
  if (!renamed) return std::nullopt;
  return block + *renamed;
}

std::optional<std::string> down_name(const BlockName& name, int per_level) {
  if (name.block == 0) return std::nullopt;
  const int level = (name.block - 1) / per_level, i = (name.block - 1) % per_level;
  if (name.child == 0 && name.rest.starts_with("op.")) {
    return numbered("down_blocks", level, "downsamplers", 0) + "conv." +
           std::string(name.rest.substr(3));
  }
  if (name.child == 0) {
    return in_residual_block(numbered("down_blocks", level, "resnets", i), name.rest);
  }
  return numbered("down_blocks", level, "attentions", i) + std::string(name.rest);
}

std::optional<std::string> up_name(const BlockName& name, int per_level) {
  const int level = name.block / per_level, i = name.block % per_level;
  if (name.child == 0) {
    return in_residual_block(numbered("up_blocks", level, "resnets", i), name.rest);
  }
  if (name.rest.starts_with("conv.")) {  // child 1, or 2 after an attention
    return numbered("up_blocks", level, "upsamplers", 0) + std::string(name.rest);
  }
  return numbered("up_blocks", level, "attentions", i) + std::string(name.rest);
}

std::optional<std::string> middle_name(const std::string& name) {
  const auto block = rename(name, kInMiddle, To::kFile);
  if (!block) return std::nullopt;
  constexpr size_t kIndexEnd = sizeof("middle_block.0.") - 1;
  const std::string_view rest = std::string_view(name).substr(kIndexEnd);
  if (name.starts_with("middle_block.1.")) return block;
  return in_residual_block(block->substr(0, block->size() - rest.size()), rest);
}

std::optional<std::string> diffusers_name(const std::string& name, int per_level) {
  if (const auto outside = rename(name, kOutsideBlocks, To::kFile)) return outside;
  if (const auto block = split_block_name(name, "input_blocks."))
    return down_name(*block, per_level);
  if (const auto block = split_block_name(name, "output_blocks."))
    return up_name(*block, per_level);
  return middle_name(name);
}

// --- The other way. `rest` is what follows "down_blocks.1." and the like.

std::string original_block(const char* blocks, int block, int child) {
  return std::string(blocks) + std::to_string(block) + "." + std::to_string(child) + ".";
}

std::optional<std::string> original_residual(const std::string& block, std::string_view rest) {
  const auto renamed = rename(rest, kInResidualBlock, To::kNetwork);
  if (!renamed) return std::nullopt;
  return block + *renamed;
}

std::optional<std::string> original_in_level(const char* blocks, int first, std::string_view rest) {
  if (const auto i = take_number(rest, "resnets.")) {
    return original_residual(original_block(blocks, first + *i, 0), rest);
  }
  const auto i = take_number(rest, "attentions.");
  if (!i) return std::nullopt;
  return original_block(blocks, first + *i, 1) + std::string(rest);
}

std::optional<std::string> original_in_middle(const std::string& key) {
  if (key.starts_with("mid_block.attentions.0.")) return rename(key, kInMiddle, To::kNetwork);
  std::string_view rest = key;
  const auto i = take_number(rest, "mid_block.resnets.");
  if (!i || *i > 1) return std::nullopt;
  return original_residual("middle_block." + std::to_string(2 * *i) + ".", rest);
}

// What the numbers of blocks depend on.
struct DiffusersLayout {
  int per_level = 1;               // blocks that a level takes: its residual blocks and one more
  std::set<int> attending_levels;  // of the way up
};

DiffusersLayout layout_of(const NamesAndShapes& file) {
  DiffusersLayout layout;
  for (const auto& [key, shape] : file) {
    std::string_view rest = key;
    if (const auto i = take_number(rest, "down_blocks.0.resnets.")) {
      layout.per_level = std::max(layout.per_level, *i + 2);
    } else if (const auto level = take_number(rest, "up_blocks.")) {
      if (rest.starts_with("attentions.")) layout.attending_levels.insert(*level);
    }
  }
  return layout;
}

std::optional<std::string> original_name(const std::string& key, const DiffusersLayout& layout) {
  if (const auto outside = rename(key, kOutsideBlocks, To::kNetwork)) return outside;
  std::string_view rest = key;
  const int per_level = layout.per_level;
  if (const auto level = take_number(rest, "down_blocks.")) {
    const int first = 1 + per_level * *level;
    if (!take_number(rest, "downsamplers.")) return original_in_level("input_blocks.", first, rest);
    const auto op = rename(rest, kDownsampling, To::kNetwork);
    if (!op) return std::nullopt;
    return original_block("input_blocks.", first + per_level - 1, 0) + *op;
  }
  if (const auto level = take_number(rest, "up_blocks.")) {
    const int first = per_level * *level;
    if (!take_number(rest, "upsamplers.")) return original_in_level("output_blocks.", first, rest);
    const int child = layout.attending_levels.contains(*level) ? 2 : 1;
    return original_block("output_blocks.", first + per_level - 1, child) + std::string(rest);
  }
  return original_in_middle(key);
}

}  // namespace

Naming diffusers_unet_names(const NamesAndShapes& file) {
  const DiffusersLayout layout = layout_of(file);
  Naming naming{{}, [per_level = layout.per_level](const std::string& network_name) {
                  return diffusers_name(network_name, per_level).value_or(network_name);
                }};
  for (const auto& [key, shape] : file) {
    if (const auto name = original_name(key, layout)) naming.sources.emplace(*name, Source{key});
  }
  return naming;
}

std::optional<BlockName> split_block_name(std::string_view name, std::string_view blocks) {
  if (!name.starts_with(blocks)) return std::nullopt;
  BlockName split;
  const char* at = name.data() + blocks.size();
  const char* end = name.data() + name.size();
  for (int* number : {&split.block, &split.child}) {
    const auto [after, error] = std::from_chars(at, end, *number);
    if (error != std::errc() || *number < 0 || after == end || *after != '.') return std::nullopt;
    at = after + 1;
  }
  if (split.block >= kMaxBlocks) return std::nullopt;
  split.rest = name.substr(size_t(at - name.data()));
  return split;
}

int blocks_per_level(const NamesAndShapes& unet) {
  int blocks = 1, first_sampling = kMaxBlocks;
  for (const auto& [name, shape] : unet) {
    if (const auto in = split_block_name(name, "input_blocks.")) {
      blocks = std::max(blocks, in->block + 1);
      if (in->rest.starts_with("op.")) first_sampling = std::min(first_sampling, in->block);
    } else if (const auto out = split_block_name(name, "output_blocks.")) {
      const bool upsamples = out->child > 0 && out->rest.starts_with("conv.");
      if (upsamples) first_sampling = std::min(first_sampling, out->block + 1);
    }
  }
  return std::max(1, std::min(blocks, first_sampling));
}

std::map<std::string, std::string> diffusers_names(const NamesAndShapes& unet) {
  const int per_level = blocks_per_level(unet);
  std::map<std::string, std::string> names;
  for (const auto& [name, shape] : unet) {
    if (auto renamed = diffusers_name(name, per_level)) names.emplace(name, std::move(*renamed));
  }
  return names;
}

}  // namespace heddle::weights
