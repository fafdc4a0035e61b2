// The command line: `heddle run`, `check`, `explain`, `nodes`, `convert`, `models`, `inspect`, `cache`, `pipelines`...
#pragma once

#include "engine/backend.h"
#include "engine/registry.h"

namespace heddle {

/// Runs the program and gives its exit code: 0 done, 1 a step failed, 2 bad usage or graph, 130 cancelled.
int run_command_line(int argc, char** argv, const Registry& registry, Backend& backend);

}  // namespace heddle
