// Arguments and settings file to options. CLI11 is known here and in settings.cc, nowhere else.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/options.h"
#include "engine/pipeline.h"

namespace heddle::cli {

struct Arguments {
  const Verb* verb = nullptr;  // null: none was given
  Options options;
  std::vector<std::string> unknown;  // what no flag or argument took
};

/// `words` are the arguments without the name of the program. The inputs of a pipeline become flags
/// of verbs that take a graph, but for names that heddle uses itself: those are set by `--set
/// NAME=VALUE` (and `--seed` is shared). Throws UsageError.
Arguments parse_arguments(const std::vector<std::string>& words,
                          const std::vector<const Verb*>& verbs,
                          const std::vector<PipelineInput>& inputs);

/// The flag of a pipeline's input: "--negative_prompt,--negative-prompt", or "" if it has none.
std::string input_flag(const PipelineInput& input, const Verb& verb);

/// Throws UsageError that names what was not understood and the nearest name.
void refuse_unknown(const Arguments& arguments, const std::vector<const Verb*>& verbs,
                    const std::vector<PipelineInput>& inputs);

}  // namespace heddle::cli
