// Collecting what is wrong with an editor document.
#pragma once

#include "engine/problem.h"

namespace heddle {

/// Adds a problem; after a thousand errors only one more, that says so, and the same for warnings.
/// Long names from the document are cut.
void report(Problems& problems, Problem problem);

}  // namespace heddle
