// Networks made from the same part of a file have their unchanged tensors in common: ten LoRAs on
// a checkpoint are ten networks and one checkpoint in memory.
#pragma once

#include <memory>

#include "nodes/diffusion/weights.h"

namespace heddle::weights {

/// The tensors of `base`, each read once for as long as anybody holds it (or a view of it). Nothing
/// is kept beyond that. Who gets a tensor must not write to it. Thread-safe.
std::shared_ptr<const diffusion::Weights> shared_weights(
    std::shared_ptr<const diffusion::Weights> base);

}  // namespace heddle::weights
