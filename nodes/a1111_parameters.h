// A picture of AUTOMATIC1111's as a graph of text to image.
#pragma once

#include <string>

#include "engine/picture_text.h"

namespace heddle {

/// The graph behind a `parameters` text: checkpoint, both prompts, sampler, and the second pass where there was one.
/// What could not be carried over, or gives another picture here, is a warning. A text of another program is a problem.
ForeignGraph read_a1111_parameters(const std::string& text, const Folders& folders, FileHashes& hashes);

}  // namespace heddle
