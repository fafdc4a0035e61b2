// Writing safetensors files tensor by tensor, so that a checkpoint is never in memory as a whole.
#pragma once

#include <c10/core/ScalarType.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// A tensor of a file to be written: what the header says of it, and how to get it when its turn
/// comes.
struct TensorToWrite {
  c10::ScalarType type;
  std::vector<int64_t> shape;
  std::function<at::Tensor()> read;  // on the CPU, of this type and shape
};
using TensorsToWrite = std::map<std::string, TensorToWrite>;

/// Calls `append` with the bytes of the file in order, a tensor at a time; each is read once and
/// let go. Throws FileError for tensors or texts that the format cannot hold, before the first
/// byte; what `read` and `append` throw passes through.
void write_safetensors(const TensorsToWrite& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(std::string_view)>& append);

}  // namespace heddle::weights
