#include <algorithm>
#include <array>
#include <string_view>

#include "nodes/weights/namings.h"
#include "nodes/weights/renames.h"

namespace heddle::weights {
namespace {

constexpr Renamed kInResidualBlock[] = {{"nin_shortcut.", "conv_shortcut."}};
// Today's names first, then those of the first releases.
constexpr Renamed kInAttention[] = {
    {"norm.", "group_norm."}, {"q.", "to_q."},         {"k.", "to_k."},
    {"v.", "to_v."},          {"proj_out.", "to_out.0."}, {"q.", "query."},
    {"k.", "key."},           {"v.", "value."},        {"proj_out.", "proj_attn."},
};
constexpr Renamed kOutsideBlocks[] = {{"norm_out.", "conv_norm_out."}};
constexpr Renamed kInMiddle[] = {
    {"mid.block_1.", "mid_block.resnets.0."},
    {"mid.block_2.", "mid_block.resnets.1."},
};
constexpr Renamed kMiddleAttention = {"mid.attn_1.", "mid_block.attentions.0."};
constexpr Renamed kResample[] = {
    {"downsample.", "downsamplers.0."},
    {"upsample.", "upsamplers.0."},
};

struct Side {
  std::string_view name;             // of either half
  std::string_view network, file;    // beginnings of its levels
  bool counts_down;                  // the file's first level is the network's last
};
constexpr std::array kSides = {Side{"encoder.", "down.", "down_blocks.", false},
                               Side{"decoder.", "up.", "up_blocks.", true}};

std::string residual(std::string_view rest, To to) {
  return rename(rest, kInResidualBlock, to).value_or(std::string(rest));
}

// Inside of one half, both ways.
class HalfNames {
 public:
  HalfNames(const Side& side, int levels, To to) : side_(side), levels_(levels), to_(to) {}

  std::string rename_inside(std::string_view name) const {
    std::string_view rest = name;
    const auto level = take_number(rest, to_ == To::kFile ? side_.network : side_.file);
    if (level) return level_name(*level) + in_level(rest);
    if (const auto middle = rename(name, kInMiddle, to_)) return in_middle(*middle);
    if (const auto attention = rename(name, {&kMiddleAttention, 1}, to_)) {
      const size_t stem = (to_ == To::kFile ? kMiddleAttention.file : kMiddleAttention.network).size();
      const std::string inside = attention->substr(stem);
      return attention->substr(0, stem) + rename(inside, kInAttention, to_).value_or(inside);
    }
    return rename(name, kOutsideBlocks, to_).value_or(std::string(name));
  }

 private:
  std::string level_name(int level) const {
    if (side_.counts_down) level = levels_ - 1 - level;
    return std::string(to_ == To::kFile ? side_.file : side_.network) + std::to_string(level) + ".";
  }
  std::string in_level(std::string_view rest) const {
    std::string_view inside = rest;
    const auto block = take_number(inside, to_ == To::kFile ? "block." : "resnets.");
    if (!block) return rename(rest, kResample, to_).value_or(std::string(rest));
    return (to_ == To::kFile ? "resnets." : "block.") + std::to_string(*block) + "." +
           residual(inside, to_);
  }
  std::string in_middle(const std::string& name) const {
    const size_t stem = (to_ == To::kFile ? kInMiddle[0].file : kInMiddle[0].network).size();
    return name.substr(0, stem) + residual(std::string_view(name).substr(stem), to_);
  }

  const Side& side_;
  int levels_;
  To to_;
};

std::string rename_tensor(const std::string& name, int levels, To to) {
  for (const Side& side : kSides) {
    if (!name.starts_with(side.name)) continue;
    const HalfNames half(side, levels, to);
    return std::string(side.name) +
           half.rename_inside(std::string_view(name).substr(side.name.size()));
  }
  return name;
}

int count_levels(const NamesAndShapes& file) {
  int levels = 0;
  for (const auto& [key, shape] : file) {
    std::string_view rest = key;
    if (const auto level = take_number(rest, "decoder.up_blocks.")) {
      levels = std::max(levels, *level + 1);
    }
  }
  return levels;
}

}  // namespace

Naming diffusers_vae_names(const NamesAndShapes& file) {
  const int levels = count_levels(file);
  Naming naming{{}, [levels](const std::string& network_name) {
                  return rename_tensor(network_name, levels, To::kFile);
                }};
  for (const auto& [key, shape] : file) {
    const std::string name = rename_tensor(key, levels, To::kNetwork);
    const bool is_matrix = shape.size() == 2 && name.ends_with(".weight");
    naming.sources.emplace(name, Source{.key = key, .pointwise = is_matrix});
  }
  return naming;
}

}  // namespace heddle::weights
