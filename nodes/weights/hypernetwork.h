// Hypernetwork files of AUTOMATIC1111's web UI, which trains them: .pt files with a pair of modules
// for each width, and what the modules are made of beside them.
#pragma once

#include "nodes/diffusion/hypernetwork.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// Keys of modules are "WIDTH[0].linear.N.weight" for keys and "WIDTH[1]..." for values; layers are
/// in the order of N, a tensor of one dimension is a LayerNorm of the layer before it. Dropout is
/// for training and ignored. Throws FileError that names the key for tensors that do not make a
/// network, and for an activation that is not known.
diffusion::Hypernetwork read_hypernetwork(const TensorFile& file);

}  // namespace heddle::weights
