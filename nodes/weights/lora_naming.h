// The ways of naming weights that LoRA files have: two files can only be put together by their
// stems if both use the same.
#pragma once

#include <string>
#include <string_view>

namespace heddle::weights {

/// How a stem names its weight ("lora_unet_down_blocks"), and which network that is.
struct LoraNaming {
  std::string network;  // "U-Net", "text encoder"
  std::string form;     // how it begins
};

/// Nothing known: the network is "" and the form too.
LoraNaming naming_of(std::string_view stem);

}  // namespace heddle::weights
