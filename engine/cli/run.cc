// heddle run: every combination of a graph, one after the other, with one cache for all.
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "engine/cli/json_events.h"
#include "engine/cli/logging.h"
#include "engine/cli/observers.h"
#include "engine/cli/progress.h"
#include "engine/cli/recent.h"
#include "engine/cli/report.h"
#include "engine/cli/signals.h"
#include "engine/cli/task.h"
#include "engine/cli/verbs.h"
#include "engine/job.h"
#include "engine/version.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

// Said before anything has been computed, not when the first picture is to be saved.
void refuse_unwritable(const fs::path& folder) {
  fs::path existing = fs::absolute(folder);
  std::error_code error;
  while (!fs::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, error)) {
    throw UsageError("cannot save to " + folder.string() + ": " + existing.string() +
                     " is no folder; name another by --out");
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0) {
    throw UsageError("cannot save to " + folder.string() + ": no permission to write in " +
                     existing.string() + "; name another folder by --out");
  }
}

// Paths of the files that steps have saved: every {"filename", "subfolder", "type"} in what they
// show.
std::vector<std::string> saved_files(const Json& outputs, const Folders& folders) {
  std::vector<std::string> files;
  for (const Json& ui : outputs) {
    for (const Json& shown : ui) {
      if (!shown.is_array()) continue;
      for (const Json& file : shown) {
        if (!file.is_object() || !file.contains("filename")) continue;
        const std::string type = file.value("type", "output");
        const fs::path& folder = type == "temp"    ? folders.temp
                                 : type == "input" ? folders.input
                                                   : folders.output;
        files.push_back(
            (folder / file.value("subfolder", "") / file.value("filename", "")).string());
      }
    }
  }
  return files;
}

// {"3.cfg": 4, "seed": 7} as "3.cfg=4, seed=7".
std::string chosen_text(const Json& chosen) {
  constexpr int kLongest = 60;
  std::string text;
  for (const auto& [name, value] : chosen.items()) {
    const std::string shown = value.is_string() ? value.get<std::string>() : dump_python(value);
    text += (text.empty() ? "" : ", ") + name + "=" + cut(shown, kLongest);
  }
  return printable(text);
}

class Runner {
 public:
  Runner(Task& task, const Options& options, const Program& program)
      : task_(task),
        options_(options),
        program_(program),
        system_(program.backend.system_info()),
        cache_(open_cache(options, task.place, program.registry.readers())),
        hashes_(task.place.cache / "file_hashes"),
        workshop_{program.registry, task.place.folders,  hashes_,
                  cache_.get(),     system_.numerics, options.verify_cache},
        progress_(program.terminal, steady_seconds) {}

  int run() {
    program_.backend.set_threads(options_.threads);
    announce();
    int code = kDone;
    try {
      for (size_t k = 0; k < task_.sweep->size(); ++k) run_combination(k);
    } catch (const StepError& error) {
      program_.terminal.print(printable(error.what()));
      code = kStepFailed;
    } catch (const UsageError& error) {
      program_.terminal.print("heddle: " + printable(error.what()));
      code = kBadUsage;
    } catch (const Cancelled&) {
      code = kCancelled;
    }
    finish(code);
    return code;
  }

 private:
  bool talks() const { return !options_.quiet && !options_.json; }

  void announce() const {
    if (options_.json) {
      write_json_line(std::cout, {{"event", "run"},
                                  {"version", version()},
                                  {"libtorch", system_.libtorch},
                                  {"processor", system_.processor},
                                  {"precision", system_.precision},
                                  {"graph", options_.subject},
                                  {"jobs", task_.sweep->size()}});
    }
    if (!talks()) return;
    const std::string others = system_.other_precisions.empty()
                                   ? "the only precision of this build"
                                   : "also there: " + system_.other_precisions;
    program_.terminal.print("computing in " + system_.precision + " (" + others + ")");
    if (options_.seed.empty()) return;
    std::string seeds;
    for (const std::string& seed : task_.sweep->seeds()) {
      seeds += (seeds.empty() ? "" : ", ") + seed;
    }
    program_.terminal.print("seed " + printable(options_.seed) + " goes to " + printable(seeds));
  }

  void run_combination(size_t k) {
    const double start = steady_seconds();
    Problems found_before;  // by check_combinations; there are none
    Graph graph = task_.sweep->graph(k, found_before);
    announce_job(k, task_.sweep->chosen(k, graph));
    const PreparedJob job = prepare(std::move(graph));
    // Until something has been computed there is nothing to keep, and a signal ends the program as
    // usual.
    if (!signals_) signals_.emplace(cancel_);
    cancel_.check();
    const RunResult result = run_watched(job, k);
    if (!options_.no_cache) {
      remember_run(task_.place.cache, task_.source.file,
                   describe_run(job.graph, job.checked, job.keys, workshop_.numerics));
    }
    finish_job(k, result, steady_seconds() - start);
  }

  void announce_job(size_t k, const Json& chosen) const {
    const std::string place = std::to_string(k + 1) + "/" + std::to_string(task_.sweep->size());
    if (options_.json) {
      write_json_line(std::cout, {{"event", "job_started"}, {"job", k + 1}, {"set", chosen}});
    }
    if (talks() && task_.sweep->size() > 1) {
      program_.terminal.print(place + ": " + chosen_text(chosen));
    }
  }

  PreparedJob prepare(Graph graph) {
    try {
      return prepare_job({.graph = std::move(graph),
                          .workflow = task_.source.loaded.workflow,
                          .targets = task_.sweep->targets(),
                          .metadata = !options_.no_metadata,
                          .now = std::time(nullptr)},
                         workshop_);
    } catch (const std::runtime_error& error) {
      throw UsageError(error.what());  // a file that cannot be read
    }
  }

  RunResult run_watched(const PreparedJob& job, size_t k) {
    Observers observers;
    JsonObserver json(std::cout, int(k + 1));
    if (options_.json) observers.add(json);
    if (talks()) observers.add(progress_);
    std::optional<LogObserver> log;
    if (!options_.log_file.empty() || !options_.log_level.empty()) {
      observers.add(log.emplace(std::to_string(k + 1), job.checked));
    }
    try {
      return run_job(job, workshop_, &observers, &cancel_);
    } catch (...) {
      progress_.clear();
      throw;
    }
  }

  void finish_job(size_t k, const RunResult& result, double seconds) {
    const std::vector<std::string> files = saved_files(result.outputs, task_.place.folders);
    files_.insert(files_.end(), files.begin(), files.end());
    if (options_.json) {
      write_json_line(std::cout, {{"event", "job_finished"},
                                  {"job", k + 1},
                                  {"seconds", seconds},
                                  {"ran", result.ran},
                                  {"cached", result.cached},
                                  {"outputs", result.outputs},
                                  {"notes", result.notes},
                                  {"files", files}});
      return;
    }
    if (talks()) {
      program_.terminal.print("done in " + seconds_text(seconds) +
                              "; steps run: " + std::to_string(result.ran) +
                              ", cached: " + std::to_string(result.cached));
    }
    for (const std::string& file : files) std::cout << file << std::endl;
  }

  void finish(int code) const {
    constexpr double kWorthSaying = 0.1;
    if (options_.json) {
      write_json_line(std::cout, {{"event", "finished"}, {"exit_code", code}, {"files", files_}});
    }
    if (!talks()) return;
    if (hashes_.seconds_hashing() > kWorthSaying) {
      program_.terminal.print("hashing files seen for the first time took " +
                              seconds_text(hashes_.seconds_hashing()));
    }
    if (code == kCancelled) program_.terminal.print("stopped; what had finished is kept");
  }

  Task& task_;
  const Options& options_;
  const Program& program_;
  const SystemInfo system_;
  std::unique_ptr<Cache> cache_;
  FileHashes hashes_;
  Workshop workshop_;
  ProgressObserver progress_;
  CancelFlag cancel_;
  std::optional<CancelOnSignals> signals_;
  std::vector<std::string> files_;
};

int run(const Options& options, const Program& program) {
  Task task(options, program);
  check_combinations(task, program.registry);
  report_warnings(options, task.warnings);
  report_problems(options, task.problems);
  if (!task.problems.empty()) return kBadUsage;
  refuse_unwritable(task.place.folders.output);
  return Runner(task, options, program).run();
}

}  // namespace

const Verb& run_verb() {
  static const Verb kVerb = [] {
    Verb verb{
        .name = "run",
        .summary = "runs a graph and saves what it makes",
        .subject = "GRAPH",
        .subject_help =
            "a graph file, a picture with a graph in it, a pipeline or its name, or - for standard "
            "input",
        .takes_graph = true,
        .flags = graph_flags(),
        .examples = {"heddle run graphs/first_picture.json", "heddle run graph.json --seed 1..20",
                     "heddle run graph.json --set KSampler.cfg=4,6,8 --out sheet",
                     "heddle run txt2img --prompt \"a red house\" --seed 7 --lora ink:0.8"},
        .run = run};
    verb.flags.push_back(
        {"--out", "DIR", "where files are saved (default: output)", &Options::out});
    verb.flags.push_back({"--no-metadata", "",
                          "save files without prompt, workflow, paths and names in them",
                          &Options::no_metadata});
    return verb;
  }();
  return kVerb;
}

}  // namespace heddle::cli
