// Averaged weights. A training may keep, beside the weights, their moving average, under the names
// of the weights with all dots taken out (LitEma of the latent-diffusion code):
// `model_ema.diffusion_modelinput_blocks10in_layers0weight`. A file that was cut down to them has a
// U-Net all the same.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/weights/part.h"

namespace heddle::weights {

/// `input_blocks10in_layers0weight` with its dots, as the U-Net calls it; nothing for what is no
/// tensor of a U-Net.
std::optional<std::string> with_dots(std::string_view name);

/// The averaged U-Net of a file, or nothing.
std::optional<Part> find_averaged_unet(const std::map<std::string, TensorInfo>& tensors);

}  // namespace heddle::weights
