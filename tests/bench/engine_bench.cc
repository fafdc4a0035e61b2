// The engine's own cost, without torch: what a step costs beside its work.
#include <benchmark/benchmark.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

std::string chain(int64_t steps) {
  std::string graph = R"({"0": {"class_type": "Number", "inputs": {"value": 1}})";
  for (int64_t i = 1; i < steps - 1; ++i) {
    graph += R"(, ")" + std::to_string(i) + R"(": {"class_type": "Add", "inputs": {"a": [")" + std::to_string(i - 1) +
             R"(", 0], "b": 1}})";
  }
  return graph + R"(, "s": {"class_type": "Show", "inputs": {"number": [")" + std::to_string(steps - 2) + R"(", 0]}}})";
}

struct Bench {
  Registry registry = test::fake_registry();
  FileHashes hashes;
  Cache cache{make_memory_store(uint64_t{1} << 30), nullptr};
  Workshop workshop{.registry = registry, .folders = {}, .hashes = hashes, .cache = &cache, .numerics = "bench"};
};

void per_step(benchmark::State& state) {
  state.counters["per_step"] = benchmark::Counter(double(state.range(0)), benchmark::Counter::kIsIterationInvariantRate |
                                                                               benchmark::Counter::kInvert);
}

void BM_Parse(benchmark::State& state) {
  const std::string text = chain(state.range(0));
  for (auto _ : state) {
    Problems problems;
    benchmark::DoNotOptimize(parse_graph(parse_json(text), problems));
  }
  per_step(state);
}

void BM_Check(benchmark::State& state) {
  Bench bench;
  const Graph graph = test::graph_of(chain(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(check_graph(graph, bench.registry, {}));
  per_step(state);
}

// From text to finished, nothing cached: parse, check, plan and run.
void BM_Cold(benchmark::State& state) {
  Bench bench;
  const std::string text = chain(state.range(0));
  for (auto _ : state) {
    bench.cache.clear();
    const PreparedJob job = prepare_job({.graph = test::graph_of(text), .metadata = false}, bench.workshop);
    benchmark::DoNotOptimize(run_job(job, bench.workshop, nullptr, nullptr));
  }
  per_step(state);
}

// Planning a checked graph again: keys, and what of it is cached.
void BM_PlanCached(benchmark::State& state) {
  Bench bench;
  const PreparedJob job = prepare_job({.graph = test::graph_of(chain(state.range(0))), .metadata = false}, bench.workshop);
  run_job(job, bench.workshop, nullptr, nullptr);
  for (auto _ : state) {
    const ContentKeys keys = content_keys(job.checked, "bench", {}, bench.hashes);
    benchmark::DoNotOptimize(make_plan(job.checked, keys.keys, &bench.cache));
  }
  per_step(state);
}

// From text to finished in a running process, everything cached.
void BM_Unchanged(benchmark::State& state) {
  Bench bench;
  const std::string text = chain(state.range(0));
  for (auto _ : state) {
    const PreparedJob job = prepare_job({.graph = test::graph_of(text)}, bench.workshop);
    benchmark::DoNotOptimize(run_job(job, bench.workshop, nullptr, nullptr));
  }
  per_step(state);
}

BENCHMARK(BM_Parse)->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Check)->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Cold)->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PlanCached)->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Unchanged)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace heddle

BENCHMARK_MAIN();
