// Help texts, made from the tables of verbs and flags.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/options.h"
#include "engine/pipeline.h"

namespace heddle::cli {

/// Of the program: its verbs and the flags all of them take.
std::string program_help(const std::vector<const Verb*>& verbs);

/// Of one verb.
std::string verb_help(const Verb& verb);

/// Of a pipeline that `verb` is given by `name`: its inputs as flags.
std::string pipeline_help(const Pipeline& pipeline, const std::string& name, const Verb& verb);

}  // namespace heddle::cli
