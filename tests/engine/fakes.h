// Nodes without tensors, and the few lines that every test of the engine needs.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>

#include "engine/content_keys.h"
#include "engine/executor.h"
#include "engine/explain.h"
#include "engine/job.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "tests/engine/temporary_folder.h"

namespace heddle::test {

/// How often each node has run, by name. Steps may run on several threads at once.
class RunCounts {
 public:
  std::atomic<int>& operator[](const std::string& node) {
    const std::lock_guard lock(mutex_);
    return counts_[node];
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    counts_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::atomic<int>> counts_;
};
inline RunCounts& runs() {
  static RunCounts counts;
  return counts;
}

struct Number final : Node {
  static constexpr NodeInfo kInfo{.name = "Number", .category = "test", .help = "A number."};
  In<int64_t> value{this, "value", "The number.", 1, between(0, 100)};
  Out<int64_t> number{this, "INT"};
  void run(RunContext&) override {
    ++runs()["Number"];
    number = *value;
  }
};

struct Add final : Node {
  static constexpr NodeInfo kInfo{.name = "Add", .category = "test", .help = "A sum.",
                                  .aliases = {{{"Plus", "Plus"}}}};
  In<int64_t> a{this, "a", "One."};
  In<int64_t> b{this, "b", "Other.", 0, kOptional};
  Out<int64_t> sum{this, "INT"};
  void run(RunContext&) override {
    ++runs()["Add"];
    sum = *a + (b.given() ? *b : 0);
  }
};

struct Word final : Node {
  static constexpr NodeInfo kInfo{.name = "Word", .category = "test", .help = "A word in a way."};
  In<std::string> text{this, "text", "The word."};
  In<Choice> how{this, "how", "Which way.", one_of({"loud", "quiet"})};
  In<Seed> seed{this, "seed", "A seed."};
  In<double> weight{this, "weight", "A weight.", 0.5, between(0.0, 1.0)};
  Out<std::string> word{this, "STRING"};
  void run(RunContext& context) override {
    ++runs()["Word"];
    context.notes["how"] = how->value;
    word = *text + "/" + how->value + "/" + std::to_string(seed->value);
  }
};

struct Show final : Node {
  static constexpr NodeInfo kInfo{.name = "Show", .category = "test", .help = "Shows a number.", .is_output = true,
                                  .lane = Lane::kPool};
  In<int64_t> number{this, "number", "What to show."};
  void run(RunContext& context) override {
    ++runs()["Show"];
    context.ui["number"] = *number;
  }
};

struct Fail final : Node {
  static constexpr NodeInfo kInfo{.name = "Fail", .category = "test", .help = "Fails."};
  In<int64_t> a{this, "a", "Not used."};
  Out<int64_t> out{this, "INT"};
  void run(RunContext&) override { throw std::runtime_error("the well is dry"); }
};

struct TextFile : File {
  static constexpr std::string_view kFolder = "texts";
};
struct Read final : Node {
  static constexpr NodeInfo kInfo{.name = "Read", .category = "test", .help = "Size of a file."};
  In<TextFile> file{this, "file", "The file."};
  Out<int64_t> size{this, "INT"};
  void run(RunContext&) override {
    ++runs()["Read"];
    size = int64_t(std::filesystem::file_size(file->path));
  }
};

inline void register_fakes(Registry& registry) {
  registry.add_value<int64_t>();
  registry.add_value<std::string>();
  registry.add<Number>();
  registry.add<Add>();
  registry.add<Word>();
  registry.add<Show>();
  registry.add<Fail>();
  registry.add<Read>();
}

inline Registry fake_registry() {
  Registry registry;
  register_fakes(registry);
  return registry;
}

inline Graph graph_of(const std::string& text) {
  Problems problems;
  Graph graph = parse_graph(parse_json(text), problems);
  if (!problems.empty()) throw std::logic_error(to_text(problems.front()));
  return graph;
}

inline std::string texts(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem) + "\n";
  return text;
}

/// Notes every event as a line.
class Recorder final : public Observer {
 public:
  void step_started(const StepRef& s) override { add("start " + s.id); }
  void step_progress(const StepRef& s, int value, int total) override {
    add("progress " + s.id + " " + std::to_string(value) + "/" + std::to_string(total));
  }
  void step_cached(const StepRef& s, bool disk) override { add(std::string(disk ? "disk " : "memory ") + s.id); }
  void step_finished(const StepRef& s, double, const Json& ui, const Json&) override {
    add("finish " + s.id + (ui.empty() ? "" : " " + ui.dump()));
  }
  void step_failed(const StepRef& s, const std::string& message) override { add("fail " + s.id + " " + message); }
  void step_warning(const StepRef& s, const std::string& message) override { add("warn " + s.id + " " + message); }
  std::string text;

 private:
  void add(const std::string& line) { text += line + "\n"; }
};

/// A workshop of fakes with a memory cache.
struct FakeWorkshop {
  explicit FakeWorkshop(std::unique_ptr<ResultStore> disk = nullptr)
      : cache(make_memory_store(1 << 20), std::move(disk)) {}
  Registry registry = fake_registry();
  FileHashes hashes;
  Cache cache;
  Workshop workshop{.registry = registry, .folders = {}, .hashes = hashes, .cache = &cache, .numerics = "test"};

  PreparedJob prepare(const std::string& graph) { return prepare_job({.graph = graph_of(graph)}, workshop); }

  /// The events of running a graph, or its problems.
  std::string run(const std::string& graph, const CancelFlag* cancel = nullptr, bool verify = false) {
    const PreparedJob job = prepare(graph);
    if (!job.checked.problems.empty()) return texts(job.checked.problems);
    Recorder recorder;
    workshop.verify_cache = verify;
    try {
      run_job(job, workshop, &recorder, cancel);
    } catch (const Cancelled&) {
      recorder.text += "cancelled\n";
    } catch (const StepError& error) {
      recorder.text += std::string("error ") + error.what() + "\n";
    }
    return recorder.text;
  }
};

}  // namespace heddle::test
