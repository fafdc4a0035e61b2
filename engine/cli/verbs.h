// Every verb; each is declared and done in a file of its own.
#pragma once

#include <vector>

#include "engine/cli/options.h"

namespace heddle::cli {

const Verb& run_verb();
const Verb& serve_verb();
const Verb& check_verb();
const Verb& explain_verb();
const Verb& nodes_verb();
const Verb& convert_verb();
const Verb& models_verb();
const Verb& inspect_verb();
const Verb& cache_verb();
const Verb& pipelines_verb();
const Verb& completion_verb();
const Verb& help_verb();

/// In the order help lists them.
const std::vector<const Verb*>& all_verbs();

}  // namespace heddle::cli
