// LATENT_OPERATION: something that can be done to a latent, to be applied later or at every step.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "engine/socket_types.h"

namespace heddle {

struct LatentOperation {
  std::function<at::Tensor(const at::Tensor& latent)> apply;  // [B, C, H, W]
};

template <>
struct SocketType<LatentOperation> {
  static constexpr std::string_view kName = "LATENT_OPERATION";
  static size_t bytes(const LatentOperation&) { return sizeof(LatentOperation); }
};

}  // namespace heddle
