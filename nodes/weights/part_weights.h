// The weights of a part as its file has them: fp32, under the names of the network. Changes come on
// top in patched_weights.h.
#pragma once

#include <memory>

#include "nodes/diffusion/weights.h"
#include "nodes/weights/part.h"

namespace heddle::weights {

/// What a weight is rounded to on its way to fp32, as programs do that keep weights in such a type.
enum class Rounding { kNone, kFp16, kFp8E4m3, kFp8E5m2 };

/// One tensor of a network in contiguous fp32, in memory of its own. Throws FileError that names
/// the key if there is none, or if it holds no real numbers.
at::Tensor read_tensor(const TensorFile& file, const Source& source, Rounding rounding);

/// The weights of one part. Nothing is kept: each get() reads the file.
std::shared_ptr<const diffusion::Weights> part_weights(std::shared_ptr<const TensorFile> file,
                                                       const Part& part, Rounding rounding);

}  // namespace heddle::weights
