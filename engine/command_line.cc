#include "engine/command_line.h"

#include <iostream>
#include <optional>

#include "engine/cli/help.h"
#include "engine/cli/logging.h"
#include "engine/cli/parse.h"
#include "engine/cli/source.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/version.h"

namespace heddle {
namespace {

using namespace cli;

int print_version(const Backend& backend) {
  const SystemInfo system = backend.system_info();
  std::cout << "heddle " << version() << "\nlibtorch " << system.libtorch << "\nprocessor "
            << system.processor << '\n';
  return kDone;
}

// The word that names a pipeline: what the verb took for its graph, or, where a flag of the
// pipeline came first and is not known yet, one of the words left over.
std::optional<std::pair<std::string, Pipeline>> find_pipeline(const Arguments& arguments) {
  const Place place = find_place(arguments.options);
  std::vector<std::string> words{arguments.options.subject};
  words.insert(words.end(), arguments.unknown.begin(), arguments.unknown.end());
  for (const std::string& word : words) {
    if (word.empty() || word.starts_with("-")) continue;
    if (auto pipeline = peek_pipeline(word, place)) return std::pair{word, std::move(*pipeline)};
  }
  return std::nullopt;
}

int run_verb_of(const Arguments& arguments, const Registry& registry, Backend& backend,
                Terminal& terminal) {
  const Logging logging(arguments.options, terminal);
  return arguments.verb->run(arguments.options, {registry, backend, terminal});
}

int dispatch(const std::vector<std::string>& words, const Registry& registry, Backend& backend,
             Terminal& terminal) {
  Arguments arguments = parse_arguments(words, all_verbs(), {});
  if (arguments.options.version) return print_version(backend);
  std::optional<std::pair<std::string, Pipeline>> pipeline;
  if (arguments.verb && arguments.verb->takes_graph) pipeline = find_pipeline(arguments);
  if (pipeline) arguments = parse_arguments(words, all_verbs(), pipeline->second.inputs);
  if (arguments.options.help) {
    std::cout << (pipeline ? pipeline_help(pipeline->second, pipeline->first, *arguments.verb)
                  : arguments.verb ? verb_help(*arguments.verb)
                                   : program_help(all_verbs()));
    return kDone;
  }
  refuse_unknown(arguments, all_verbs(),
                 pipeline ? pipeline->second.inputs : std::vector<PipelineInput>{});
  if (arguments.verb) return run_verb_of(arguments, registry, backend, terminal);
  std::cerr << program_help(all_verbs());
  return kBadUsage;
}

// What was to be said and could not be, to a full disk for instance, must not pass for said.
int exit_code(int code) {
  std::cout.flush();
  if (std::cout) return code;
  std::cerr << "heddle: cannot write to standard output\n";
  return code == kDone ? kStepFailed : code;
}

}  // namespace

int run_command_line(int argc, char** argv, const Registry& registry, Backend& backend) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  Terminal terminal = standard_error();
  try {
    return exit_code(dispatch(words, registry, backend, terminal));
  } catch (const UsageError& error) {
    terminal.print("heddle: " + std::string(error.what()));
    return kBadUsage;
  } catch (const std::exception& error) {
    terminal.print("heddle: " + std::string(error.what()));
    return kStepFailed;
  }
}

}  // namespace heddle
