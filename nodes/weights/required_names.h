// Which tensors a network of a given layout cannot do without. The layout is read off the tensors
// that are there, so a file that lacks some is caught when it is opened, with their names, and not
// deep inside a network.
#pragma once

#include <string>
#include <vector>

#include "nodes/weights/part.h"

namespace heddle::weights {

struct MissingNames {
  std::vector<std::string> names;  // network names
  size_t needed = 0;               // of which those are a part
};

/// What is missing of a part whose tensors are `have`. Nothing can be said of whole levels, since
/// any depth is a network; within the levels that are there, every tensor is looked for.
MissingNames missing_names(PartKind kind, const NamesAndShapes& have);

/// Whether a VAE is a Tiny AutoEncoder (TAESD), whose two halves are "taesd_encoder." and
/// "taesd_decoder.".
bool is_tiny_vae(const NamesAndShapes& vae);

}  // namespace heddle::weights
