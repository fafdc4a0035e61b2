// Strengths of a LoRA by block of the network, as people write them for AUTOMATIC1111's "LoRA Block Weight" extension:
// names, or bare lists of numbers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

/// "IN04", "MID" or "OUT11" for a weight of a U-Net (names as in checkpoints); "" for one outside of the blocks.
std::string block_of_weight(std::string_view weight);

/// The blocks of a U-Net with these weights, in order: IN00, IN01..., MID, OUT00...
std::vector<std::string> blocks_of(const std::vector<std::string>& weights);

struct BlockStrengths {
  double text = 1;                     // of the text encoders
  std::map<std::string, double> unet;  // by block; 1 where there is none

  double of_weight(std::string_view weight) const;
};

/// Reads `text` for a U-Net that has `blocks`. Empty: all 1. Either names with strengths, in which BASE is the text
/// encoder, `*` stands for any ending, and the last one counts ("*:0, MID:1, OUT0*:0.8"); or a list of 12 or 20 numbers
/// (SDXL: 9 blocks on either side) or 17 or 26 (SD 1 and 2: 12 blocks), where a block that the list has no place for
/// gets 0. Throws std::invalid_argument that says what is wrong and what is expected.
BlockStrengths parse_block_strengths(std::string_view text, const std::vector<std::string>& blocks);

}  // namespace heddle
