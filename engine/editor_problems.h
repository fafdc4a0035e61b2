// Collecting what is wrong with an editor document.
#pragma once

#include "engine/problem.h"

namespace heddle {

/// Adds a problem; after a thousand only one more, that says so. Long names from the document are
/// cut.
void report(Problems& problems, Problem problem);

}  // namespace heddle
