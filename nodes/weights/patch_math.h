// The arithmetic of each kind of change. All of it is fp32, and gives the same bytes whatever the
// number of threads.
#pragma once

#include "nodes/weights/patch.h"

namespace heddle::weights {

/// `weight` (fp32) after `patch`, which must fit it. May work in place: `weight` is spent.
at::Tensor patched(at::Tensor weight, const Patch& patch);

}  // namespace heddle::weights
