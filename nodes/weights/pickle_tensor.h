// One tensor of a pickle, checked.
#pragma once

#include "nodes/weights/pickle_tensors.h"

namespace heddle::weights {

/// Throws FileError if the arguments of the call that builds `value` do not describe elements
/// within their storage. `name` is for the error.
TorchTensor pickled_tensor(const PickleTree& tree, const PickleValue& value,
                           const PickleSource& source, const std::string& name);

}  // namespace heddle::weights
