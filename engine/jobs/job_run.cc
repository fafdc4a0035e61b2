#include "engine/jobs/job_run.h"

#include <algorithm>
#include <system_error>

#include "engine/json_access.h"
#include "engine/plan.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;

std::string problems_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += (text.empty() ? "" : "\n") + to_text(problem);
  return text;
}

std::vector<std::string> targets_of(const Json& request) {
  std::vector<std::string> targets;
  for (const Json& target : items_of(member(request, "targets"))) targets.push_back(target.get<std::string>());
  return targets;
}

// The steps that a plan need not run for its outputs: cached ones, and all that only these would have needed.
void add_upstream(const CheckedGraph& checked, int step, std::vector<char>& wanted) {
  if (std::exchange(wanted[size_t(step)], 1)) return;
  for (const BoundInput& input : checked.steps[size_t(step)].inputs) {
    if (input.is_link()) add_upstream(checked, input.step, wanted);
  }
}

bool is_as_recorded(const SavedFileRecord& file, FileHashes& hashes) {
  std::error_code error;
  if (fs::file_size(file.path, error) != file.bytes || error) return false;
  try {
    return hashes.hash(file.path).hex() == file.sha256;
  } catch (const std::runtime_error&) {
    return false;  // gone, or not to be read: the step runs again
  }
}

}  // namespace

JobRun::JobRun(const JobRecord& record, std::shared_ptr<ReadyGraph> ready, const Workshop& workshop, JobStore& store,
               JobVoice voice)
    : record_(record), ready_(std::move(ready)), workshop_(workshop), store_(store), voice_(std::move(voice)) {}

JobRun::Outcome JobRun::carry_out(const CancelFlag& cancel, std::time_t now) {
  Outcome outcome;
  Json error;
  try {
    run(cancel, now, outcome);
  } catch (const Cancelled&) {
    outcome.state = JobState::kCancelled;
    error = error_of(current_, "cancelled");
  } catch (const StepError& failure) {
    error = error_of(failure.step, failure.message);
  } catch (const std::exception& failure) {
    error = error_of({}, failure.what());
  }
  outcome.result["outputs"] = std::move(outputs_);
  outcome.result["files"] = std::move(files_);
  outcome.result["cached_steps"] = std::move(cached_);
  outcome.result["executed_steps"] = std::move(executed_);
  if (!error.is_null()) outcome.result["error"] = std::move(error);
  return outcome;
}

// Files come and go between the check and the run: the content keys, which are always made anew, miss them in words.
ReadyGraph JobRun::ready_graph() {
  if (ready_) return std::move(*ready_);
  Problems problems;
  ReadyGraph ready{.graph = parse_graph(member(record_.request, "graph"), problems), .checked = {}};
  ready.checked = check_graph(ready.graph, workshop_.registry, workshop_.folders, {.targets = targets_of(record_.request)});
  problems.insert(problems.end(), ready.checked.problems.begin(), ready.checked.problems.end());
  if (!problems.empty()) throw std::runtime_error(problems_text(problems));
  return ready;
}

void JobRun::run(const CancelFlag& cancel, std::time_t now, Outcome& outcome) {
  ReadyGraph ready = ready_graph();
  const Json& metadata = member(record_.request, "metadata");
  job_ = prepare_job({.graph = std::move(ready.graph),
                      .checked = std::move(ready.checked),
                      .workflow = member(record_.request, "workflow"),
                      .texts = member(member(record_.request, "extra_data"), "extra_pnginfo"),
                      .metadata = !metadata.is_boolean() || is_true(metadata),
                      .now = now},
                     workshop_);
  const RunResult result = run_job(job_, workshop_, this, &cancel, this);
  outcome.state = JobState::kSucceeded;
  outcome.result["ran"] = result.ran;
  outcome.result["cached"] = result.cached;
}

Json JobRun::error_of(const StepRef& step, const std::string& message) const {
  Json error{{"step", step.id}, {"node", step.node}, {"message", message}};
  const Json& inputs = member(member(member(record_.request, "graph"), step.id), "inputs");
  if (inputs.is_object()) error["inputs"] = inputs;
  return error;
}

void JobRun::planned(const Plan& plan) {
  if (std::exchange(told_cached_, true)) return;
  const CheckedGraph& checked = job_.checked;
  std::vector<char> wanted(checked.steps.size(), 0);
  int memory = 0, disk = 0;
  for (const int output : checked.outputs) add_upstream(checked, output, wanted);
  for (const int i : checked.order) {
    const PlannedStep& planned = plan.steps[size_t(shared_step(plan, i))];
    if (!wanted[size_t(i)] || planned.action == Action::kRun) continue;
    cached_.push_back(job_.graph.steps[size_t(i)].id);
    memory += planned.tier == Tier::kMemory;
    disk += planned.tier == Tier::kDisk;
  }
  voice_.keep("cached", {{"steps", cached_}, {"from_memory", memory}, {"from_disk", disk}});
}

void JobRun::step_started(const StepRef& step) {
  current_ = step;
  voice_.pass("step_started", {{"step", step.id}, {"node", step.node}});
}

void JobRun::step_preview(const StepRef& step, const Picture& picture) { voice_.preview(step.id, picture); }

void JobRun::step_progress(const StepRef& step, int value, int total) {
  voice_.pass("progress", {{"step", step.id}, {"node", step.node}, {"value", value}, {"total", total}});
}

void JobRun::step_output_cached(const StepRef& step, const SavedOutput& output) {
  outputs_[step.id] = output.ui;
  const Json files = describe_files(step.id, output.files);
  files_.insert(files_.end(), files.begin(), files.end());
  voice_.keep("step_finished", {{"step", step.id}, {"node", step.node}, {"cached", true}, {"outputs", output.ui}});
}

void JobRun::step_saved(const StepRef& step, const std::vector<SavedFileRecord>& files) {
  saved_[step.id] = describe_files(step.id, files);
}

void JobRun::step_finished(const StepRef& step, double seconds, const Json& ui, const Json& notes) {
  executed_.push_back(step.id);
  Json data{{"step", step.id}, {"node", step.node}, {"cached", false}, {"seconds", seconds}};
  if (!ui.empty()) data["outputs"] = outputs_[step.id] = ui;
  if (!notes.empty()) data["notes"] = notes;
  if (const auto saved = saved_.find(step.id); saved != saved_.end()) {
    files_.insert(files_.end(), saved->second.begin(), saved->second.end());
    data["files"] = std::move(saved->second);
    saved_.erase(saved);
  }
  voice_.keep("step_finished", std::move(data));
}

void JobRun::step_warning(const StepRef& step, const std::string& message) {
  voice_.keep("warning", {{"step", step.id}, {"node", step.node}, {"message", message}});
}

Json JobRun::describe_files(const std::string& step, const std::vector<SavedFileRecord>& files) const {
  Json described = Json::array();
  for (const SavedFileRecord& file : files) {
    Json entry{{"step", step}};
    for (const auto& [type, root] : {std::pair{"output", workshop_.folders.output}, {"temp", workshop_.folders.temp}}) {
      const fs::path name = file.path.lexically_normal().lexically_relative(fs::absolute(root).lexically_normal());
      if (name.empty() || *name.begin() == "..") continue;
      entry["type"] = type;
      entry["subfolder"] = name.parent_path().generic_string();
      break;
    }
    entry["filename"] = file.path.filename().string();
    entry["sha256"] = file.sha256;
    entry["bytes"] = file.bytes;
    described.push_back(std::move(entry));
  }
  return described;
}

std::optional<SavedOutput> JobRun::find(const Key& step) {
  auto output = store_.saved_output(step);
  if (!output) return std::nullopt;
  const bool all_there = std::all_of(output->files.begin(), output->files.end(), [&](const SavedFileRecord& file) {
    return is_as_recorded(file, workshop_.hashes);
  });
  return all_there ? std::move(output) : std::nullopt;
}

void JobRun::about_to_name(const SavedFileRecord& file) {
  wait_for([&](Committed done) { store_.intend({record_.id, file.path, file.sha256}, std::move(done)); });
}

void JobRun::keep(const Key& step, const SavedOutput& output) {
  store_.remember_output(step, output, [](std::exception_ptr) {});  // else it is saved again next time
}

void remove_unfinished_files(JobStore& store, const std::string& job, FileHashes& hashes) {
  for (const FileIntent& intent : store.intents(job)) {
    std::error_code error;
    const uint64_t bytes = fs::file_size(intent.path, error);
    if (!error && is_as_recorded({intent.path, intent.sha256, bytes}, hashes)) fs::remove(intent.path, error);
  }
  store.forget_intents(job, [](std::exception_ptr) {});
}

}  // namespace heddle
