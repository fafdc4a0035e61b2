// heddle check: everything that is wrong with a graph, without running it.
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/report.h"
#include "engine/cli/task.h"
#include "engine/cli/verbs.h"

namespace heddle::cli {
namespace {

int check(const Options& options, const Program& program) {
  Task task(options, program);
  check_combinations(task, program.registry);
  report_warnings(options, task.warnings);
  report_problems(options, task.problems);
  Problems reported;
  const size_t steps = task.sweep ? task.sweep->graph(0, reported).steps.size() : 0;
  if (options.json) {
    write_json_line(std::cout, {{"event", "checked"},
                                {"steps", steps},
                                {"problems", task.problems.size()},
                                {"warnings", task.warnings.size()}});
  }
  if (!task.problems.empty()) return kBadUsage;
  if (!options.json && !options.quiet) {
    std::cout << steps << (steps == 1 ? " step, fine\n" : " steps, fine\n");
  }
  return kDone;
}

}  // namespace

const Verb& check_verb() {
  static const Verb kVerb{
      .name = "check",
      .summary = "says everything that is wrong with a graph, without running it",
      .subject = "GRAPH",
      .subject_help = "as for run",
      .takes_graph = true,
      .flags = graph_flags(),
      .examples = {"heddle check graph.json"},
      .run = check};
  return kVerb;
}

}  // namespace heddle::cli
