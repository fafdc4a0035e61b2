// What a file that torch.save wrote holds, without its numbers. Two containers: since PyTorch 1.6 a
// zip archive with a pickle and one member for each storage (torch/serialization.py and
// caffe2/serialize/inline_container.h describe it), before that a row of pickles with the storages
// behind them. Needs no tensors, so that it can be fuzzed alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/weights/pickle_tensors.h"
#include "nodes/weights/zip_archive.h"

namespace heddle::weights {

struct TorchStorage {
  size_t begin = 0;  // in the file
  size_t bytes = 0;
  std::optional<ZipMember> deflated;  // then `begin` means nothing
};

struct TorchLayout {
  PickledTensors pickled;
  std::vector<TorchStorage>
      storages;  // of TorchTensor::storage; those that no tensor uses are empty
};

/// Afterwards every storage that a tensor uses lies within `file`, or inflates to no more than a
/// small multiple of it, and has the bytes that its tensors need. Throws FileError.
TorchLayout read_torch_layout(std::string_view file, const std::string& file_name);

}  // namespace heddle::weights
