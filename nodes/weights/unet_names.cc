#include "nodes/weights/unet_names.h"

#include <algorithm>
#include <charconv>

namespace heddle::weights {
namespace {

struct Renamed {
  std::string_view original, diffusers;
};
constexpr Renamed kOutsideBlocks[] = {
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"input_blocks.0.0.", "conv_in."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
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
constexpr int kMaxBlocks = 100;  // more are not a network but an attempt to exhaust memory

template <size_t N>
std::optional<std::string> rename(std::string_view name, const Renamed (&table)[N]) {
  for (const Renamed& row : table) {
    if (!name.starts_with(row.original)) continue;
    return std::string(row.diffusers) + std::string(name.substr(row.original.size()));
  }
  return std::nullopt;
}

std::string numbered(const char* blocks, int level, const char* modules, int number) {
  return std::string(blocks) + "." + std::to_string(level) + "." + modules + "." +
         std::to_string(number) + ".";
}

std::optional<std::string> in_residual_block(const std::string& block, std::string_view rest) {
  const auto renamed = rename(rest, kInResidualBlock);
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
  const auto block = rename(name, kInMiddle);
  if (!block) return std::nullopt;
  constexpr size_t kIndexEnd = sizeof("middle_block.0.") - 1;
  const std::string_view rest = std::string_view(name).substr(kIndexEnd);
  if (name.starts_with("middle_block.1.")) return block;
  return in_residual_block(block->substr(0, block->size() - rest.size()), rest);
}

std::optional<std::string> diffusers_name(const std::string& name, int per_level) {
  if (const auto outside = rename(name, kOutsideBlocks)) return outside;
  if (const auto block = split_block_name(name, "input_blocks."))
    return down_name(*block, per_level);
  if (const auto block = split_block_name(name, "output_blocks."))
    return up_name(*block, per_level);
  return middle_name(name);
}

}  // namespace

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
