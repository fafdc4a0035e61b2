// heddle explain: what a run would do, and why.
#include "engine/explain.h"

#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/recent.h"
#include "engine/cli/report.h"
#include "engine/cli/task.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/job.h"

namespace heddle::cli {
namespace {

const char* action_text(const Explanation& explanation) {
  switch (explanation.action) {
    case Action::kRun:
      return "run";
    case Action::kCached:
      return "cached";
    case Action::kSkip:
      return "skip";
  }
  return "";
}

const char* action_words(const Explanation& explanation) {
  switch (explanation.action) {
    case Action::kRun:
      return "runs:";
    case Action::kCached:
      return "cached:";
    case Action::kSkip:
      return "not needed:";
  }
  return "";
}

Json step_event(const Step& step, const Explanation& explanation) {
  Json event{{"event", "explained"},
             {"step", step.id},
             {"node", step.node},
             {"action", action_text(explanation)},
             {"reason", explanation.reason}};
  if (explanation.tier != Tier::kNone) {
    event["tier"] = explanation.tier == Tier::kDisk ? "disk" : "memory";
  }
  return event;
}

void print(const Options& options, const PreparedJob& job,
           const std::vector<Explanation>& explanations) {
  std::vector<std::vector<std::string>> rows;
  for (const int i : job.checked.order) {
    const Step& step = job.graph.steps[size_t(i)];
    const Explanation& explanation = explanations[size_t(i)];
    if (options.json) write_json_line(std::cout, step_event(step, explanation));
    rows.push_back({printable(step.id), printable(step.node), action_words(explanation),
                    printable(explanation.reason)});
  }
  if (!options.json) print_table(rows);
}

PreparedJob prepare(const Task& task, Graph graph, const Workshop& workshop) {
  try {
    return prepare_job({.graph = std::move(graph),
                        .workflow = nullptr,
                        .targets = task.sweep->targets(),
                        .metadata = false},
                       workshop);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());  // a file that cannot be read
  }
}

int explain_graph(const Options& options, const Program& program) {
  Task task(options, program);
  check_combinations(task, program.registry);
  Graph graph = only_graph(task, explain_verb());
  report_warnings(options, task.warnings);
  report_problems(options, task.problems);
  if (!task.problems.empty()) return kBadUsage;

  const ValueReaders& readers = program.registry.readers();
  Cache cache(nullptr, existing_disk_store(options, task.place, readers));
  FileHashes hashes(task.place.cache / "file_hashes");
  const Workshop workshop{program.registry, task.place.folders, hashes, &cache,
                          program.backend.system_info().numerics};
  const PreparedJob job = prepare(task, std::move(graph), workshop);
  const Plan plan = make_plan(job.checked, job.keys.keys, &cache);
  const Json now = describe_run(job.graph, job.checked, job.keys, workshop.numerics);
  const Json before = last_run(task.place.cache, task.source.file);
  print(options, job, explain(job.graph, job.checked, plan, now, before, readers));
  return kDone;
}

}  // namespace

const Verb& explain_verb() {
  static const Verb kVerb{
      .name = "explain",
      .summary = "says for each step whether it would run or is cached, and because of what change",
      .subject = "GRAPH",
      .subject_help = "as for run",
      .takes_graph = true,
      .flags = graph_flags(),
      .examples = {"heddle explain graph.json", "heddle explain graph.json --set 3.steps=30"},
      .run = explain_graph};
  return kVerb;
}

}  // namespace heddle::cli
