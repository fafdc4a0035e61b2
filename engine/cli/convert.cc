// heddle convert: any graph to the API format.
#include <iostream>

#include "engine/cli/pretty_json.h"
#include "engine/cli/report.h"
#include "engine/cli/task.h"
#include "engine/cli/verbs.h"

namespace heddle::cli {
namespace {

int convert(const Options& options, const Program& program) {
  Task task(options, program);
  const Graph graph = only_graph(task, convert_verb());
  report_warnings(options, task.warnings);
  report_problems(options, task.problems);
  if (!task.problems.empty()) return kBadUsage;
  std::cout << pretty_json(to_json(graph));
  return kDone;
}

}  // namespace

const Verb& convert_verb() {
  static const Verb kVerb = [] {
    Verb verb{
        .name = "convert",
        .summary = "writes a graph in API format to standard output",
        .subject = "FILE",
        .subject_help = "a graph in editor format, a picture with a graph in it, or a pipeline",
        .takes_graph = true,
        .flags = graph_flags(),
        .examples = {"heddle convert saved.json > api.json", "heddle convert picture.png",
                     "heddle convert saved.json --declarations object_info.json"},
        .run = convert};
    verb.flags.push_back(
        {"--declarations", "FILE",
         "what a server's /object_info gives, for a graph made with that server's nodes",
         &Options::declarations});
    return verb;
  }();
  return kVerb;
}

}  // namespace heddle::cli
