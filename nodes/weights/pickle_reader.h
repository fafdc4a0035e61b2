// Runs a pickle (Python's pickletools describes the opcodes) as far as tensors need it: the opcodes
// of protocols 2 to 4 that torch.save emits, and the names of pickle_globals.h. Nothing that the
// file names is ever called; any other opcode or name is an error that says which.
#pragma once

#include "nodes/weights/pickle_source.h"
#include "nodes/weights/pickle_values.h"

namespace heddle::weights {

/// The values that the pickle describes; texts in them are views into `source.bytes`. Time and
/// memory are bounded by the length of the pickle, and by limits far above those of any model.
/// Throws FileError.
PickleTree read_pickle(const PickleSource& source);

}  // namespace heddle::weights
