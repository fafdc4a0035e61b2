#include "engine/cli/task.h"

#include <algorithm>

#include "engine/cli/report.h"

namespace heddle::cli {
namespace {

// The reader of a file may have found what the checker finds again, in other words.
Problems without_known(Problems problems, const Problems& known) {
  std::erase_if(problems, [&](const Problem& problem) {
    return !problem.step.empty() &&
           std::any_of(known.begin(), known.end(), [&](const Problem& other) {
             return other.step == problem.step && other.socket == problem.socket &&
                    other.kind == problem.kind;
           });
  });
  return problems;
}

}  // namespace

Task::Task(const Options& options, const Program& program) : place(find_place(options)) {
  if (options.subject.empty()) {
    throw UsageError("a graph is needed: a file, the name of a pipeline, or - for standard input");
  }
  source = read_source(options.subject, place, program.registry, options.declarations);
  problems = source.loaded.problems;
  warnings = source.loaded.warnings;
  const bool is_empty = source.loaded.graph.steps.empty() && !source.loaded.pipeline;
  if (is_empty && !problems.empty()) return;
  Problems of_flags;
  sweep.emplace(source, options, program.registry, place, of_flags);
  if (!of_flags.empty()) sweep.reset();
  add_new(problems, of_flags);
}

void check_combinations(Task& task, const Registry& registry) {
  if (!task.sweep) return;
  for (size_t k = 0; k < task.sweep->size(); ++k) {
    Problems problems;
    const Graph graph = task.sweep->graph(k, problems);
    const CheckedGraph checked =
        check_graph(graph, registry, task.place.folders, {.targets = task.sweep->targets()});
    add_new(task.problems, problems);
    add_new(task.problems, without_known(checked.problems, task.source.loaded.problems));
    add_new(task.warnings, checked.warnings);
  }
}

Graph only_graph(Task& task, const Verb& verb) {
  if (!task.sweep) return {};
  if (task.sweep->size() > 1) throw UsageError(verb.name + " takes one value a flag, not several");
  return task.sweep->graph(0, task.problems);
}

}  // namespace heddle::cli
