#include "engine/explain.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using test::FakeWorkshop;

std::string sum(int value, int b, const std::string& more = "") {
  return R"({"n": {"class_type": "Number", "inputs": {"value": )" + std::to_string(value) + R"(}},
             "a": {"class_type": "Add", "inputs": {"a": ["n", 0], "b": )" + std::to_string(b) + R"(}},
             "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}})" + more + "}";
}

// One line a step of what `graph` would do after `before` ran.
std::string explained(FakeWorkshop& w, const std::string& before, const std::string& graph) {
  Json previous;
  if (!before.empty()) {
    const PreparedJob job = w.prepare(before);
    run_job(job, w.workshop, nullptr, nullptr);
    previous = describe_run(job.graph, job.checked, job.keys, w.workshop.numerics);
  }
  const PreparedJob job = w.prepare(graph);
  const Plan plan = make_plan(job.checked, job.keys.keys, w.workshop.cache);
  const Json now = describe_run(job.graph, job.checked, job.keys, w.workshop.numerics);
  std::string text;
  size_t i = 0;
  for (const Explanation& e : explain(job.graph, job.checked, plan, now, previous, w.registry.readers())) {
    const char* action = e.action == Action::kRun ? "runs: " : e.action == Action::kCached ? "cached: " : "skip: ";
    text += job.graph.steps[i++].id + " " + action + e.reason + "\n";
  }
  return text;
}

TEST(Explain, AFirstRunSaysSo) {
  FakeWorkshop w;
  EXPECT_EQ(explained(w, "", sum(1, 2)),
            "n runs: first run of this graph\na runs: first run of this graph\ns runs: saves or shows its input every time\n");
}

TEST(Explain, WhatIsCachedSaysWhere) {
  FakeWorkshop w;
  EXPECT_EQ(explained(w, sum(1, 2), sum(1, 2)),
            "n skip: what needs it is cached\na cached: in memory\ns runs: saves or shows its input every time\n");
}

TEST(Explain, AChangedLiteralIsNamedAndSoIsWhatFollowsFromIt) {
  FakeWorkshop w;
  EXPECT_EQ(explained(w, sum(1, 2), sum(3, 2)),
            "n runs: value 1 -> 3\na runs: a comes from step n, which changed\n"
            "s runs: saves or shows its input every time\n");
  EXPECT_THAT(explained(w, sum(1, 2), sum(1, 5)), ::testing::HasSubstr("a runs: b 2 -> 5\n"));
}

TEST(Explain, ANewStepAndOneThatNothingNeedsSaySo) {
  FakeWorkshop w;
  EXPECT_THAT(explained(w, sum(1, 2), sum(1, 2, R"(, "x": {"class_type": "Number", "inputs": {"value": 9}})")),
              ::testing::HasSubstr("x skip: no output needs it\n"));
  EXPECT_THAT(explained(w, sum(1, 2),
                        sum(1, 2, R"(, "x": {"class_type": "Number", "inputs": {"value": 9}},
                                      "y": {"class_type": "Show", "inputs": {"number": ["x", 0]}})")),
              ::testing::HasSubstr("x runs: new step\n"));
}

TEST(Explain, AnEvictedResultSaysThatItIsGone) {
  FakeWorkshop w;
  const std::string graph = sum(1, 2);
  explained(w, graph, graph);
  Json previous;
  const PreparedJob job = w.prepare(graph);
  const Json now = describe_run(job.graph, job.checked, job.keys, "test");
  w.cache.clear();
  const Plan plan = make_plan(job.checked, job.keys.keys, &w.cache);
  EXPECT_EQ(explain(job.graph, job.checked, plan, now, now, w.registry.readers())[0].reason,
            "its result is not in the cache any more");
}

}  // namespace
}  // namespace heddle
