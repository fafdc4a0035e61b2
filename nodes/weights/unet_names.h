// The two ways of naming the modules of a latent-diffusion U-Net: that of the original code,
// numbering blocks from end to end (`input_blocks.4.0.in_layers.2`), and that of diffusers, by
// level (`down_blocks.1.resnets.0.conv1`). Networks here use the former; LoRA files mostly the
// latter.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// `input_blocks.4.1.proj_in.weight` in pieces: block 4, child 1, the rest.
struct BlockName {
  int block = 0, child = 0;
  std::string_view rest;
};

/// Splits `name` if it begins with `blocks` ("input_blocks.") and two numbers, the first below
/// 100.
std::optional<BlockName> split_block_name(std::string_view name, std::string_view blocks);

/// How many numbered blocks a level takes on either side: its residual blocks and one more. Read
/// off the first down- or upsampling; a U-Net without has one level.
int blocks_per_level(const NamesAndShapes& unet);

/// Original name -> diffusers' name, for every name that has one.
std::map<std::string, std::string> diffusers_names(const NamesAndShapes& unet);

}  // namespace heddle::weights
