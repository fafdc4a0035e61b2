// The real nodes in a workshop of their own, for tests.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/atomic_file.h"
#include "nodes/backend.h"
#include "nodes/register.h"
#include "nodes/values.h"
#include "tests/engine/fakes.h"
#include "tests/support/golden.h"

namespace heddle::test {

/// models/ and the made-up checkpoints of tests/golden, with a memory cache, and a disk cache where a folder is given.
struct NodeWorkshop {
  explicit NodeWorkshop(const std::filesystem::path& cache_folder = {})
      : cache(make_memory_store(uint64_t{1} << 30), make_disk(cache_folder)) {
    workshop.folders.add_model_root(std::filesystem::path(HEDDLE_SOURCE_DIR) / "models");
    workshop.folders.output = folder / "output";
    workshop.folders.input = folder / "input";
    workshop.folders.temp = folder / "temp";
    std::filesystem::create_directories(workshop.folders.input);
  }

  /// Makes KIND/NAME.safetensors from a spec of tests/golden.
  void add_model(const std::string& kind, const std::string& name, const std::string& spec) {
    const auto path = folder / ("models/" + kind + "/" + name);
    std::filesystem::create_directories(path.parent_path());
    if (!std::filesystem::exists(path)) write_checkpoint(spec, path);
    workshop.folders.models[kind].push_back(path.parent_path());
  }

  PreparedJob prepare(Graph graph) {
    PreparedJob job = prepare_job({.graph = std::move(graph)}, workshop);
    if (!job.checked.problems.empty()) throw std::runtime_error(texts(job.checked.problems));
    return job;
  }
  PreparedJob prepare(const std::string& graph) { return prepare(graph_of(graph)); }

  /// Ids of the steps that ran, in order, with a blank after each; the result goes to `result` if given.
  std::string run(const PreparedJob& job, RunResult* result = nullptr, bool verify = false) {
    struct Started final : Observer {
      void step_started(const StepRef& step) override { text += step.id + " "; }
      void step_warning(const StepRef&, const std::string& message) override { warnings += message + "\n"; }
      std::string text, warnings;
    } started;
    workshop.verify_cache = verify;
    RunResult done = run_job(job, workshop, &started, nullptr);
    warnings = started.warnings;
    if (result) *result = std::move(done);
    return started.text;
  }
  std::string run(const std::string& graph, RunResult* result = nullptr) { return run(prepare(graph), result); }

  /// The value at output `slot` of step `id`, computed whether or not it is an output of the graph.
  template <class T>
  const T& value(const Graph& graph, const std::string& id, int slot) {
    PreparedJob job = prepare_job({.graph = graph, .targets = {id}}, workshop);
    if (!job.checked.problems.empty()) throw std::runtime_error(texts(job.checked.problems));
    RunResult result;
    run(job, &result);
    last = result.values.at(size_t(graph.find(id))).at(size_t(slot));
    return typed_value<T>(last, id)->data;
  }

  TemporaryFolder folder;
  Registry registry = [] {
    Registry registry;
    register_nodes(registry);
    return registry;
  }();
  FileHashes hashes;
  Cache cache;
  Workshop workshop{.registry = registry, .folders = {}, .hashes = hashes, .cache = &cache,
                    .numerics = TorchBackend().system_info().numerics};
  std::string warnings;  // of the last run
  ValuePtr last;

 private:
  std::unique_ptr<ResultStore> make_disk(const std::filesystem::path& cache_folder) {
    return cache_folder.empty() ? nullptr : make_disk_store(cache_folder, uint64_t{1} << 30, registry.readers());
  }
};

inline Graph graph_file(const std::filesystem::path& path) { return graph_of(read_file(path)); }

inline Input& input_of(Graph& graph, const std::string& target) {
  const size_t dot = target.find('.');
  for (Input& input : graph.steps.at(size_t(graph.find(target.substr(0, dot)))).inputs) {
    if (input.name == target.substr(dot + 1)) return input;
  }
  throw std::logic_error("no input " + target);
}

}  // namespace heddle::test
