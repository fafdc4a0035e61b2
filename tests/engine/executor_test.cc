#include "engine/executor.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::FakeWorkshop;
using test::runs;

const char* const kSum = R"({"n": {"class_type": "Number", "inputs": {"value": 3}},
                             "a": {"class_type": "Add", "inputs": {"a": ["n", 0], "b": 4}},
                             "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}}})";

TEST(Executor, RunsEachStepOnceInOrder) {
  FakeWorkshop w;
  EXPECT_EQ(w.run(kSum), "start n\nfinish n\nstart a\nfinish a\nstart s\nfinish s {\"number\":7}\n");
}

TEST(Executor, AgainOnlyTheOutputRuns) {
  FakeWorkshop w;
  w.run(kSum);
  EXPECT_EQ(w.run(kSum), "memory a\nstart s\nfinish s {\"number\":7}\n");
}

TEST(Executor, EditingOneLiteralRerunsOnlyItsDownstream) {
  FakeWorkshop w;
  w.run(kSum);
  EXPECT_EQ(w.run(R"({"n": {"class_type": "Number", "inputs": {"value": 3}},
                      "a": {"class_type": "Add", "inputs": {"a": ["n", 0], "b": 5}},
                      "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}}})"),
            "memory n\nstart a\nfinish a\nstart s\nfinish s {\"number\":8}\n");
}

TEST(Executor, RenumberingAndReorderingChangeNothing) {
  FakeWorkshop w;
  w.run(kSum);
  EXPECT_EQ(w.run(R"({"7": {"class_type": "Show", "inputs": {"number": ["8", 0]}},
                      "8": {"class_type": "Plus", "inputs": {"b": 4.0, "a": ["9", 0]}, "_meta": {"title": "x"}},
                      "9": {"class_type": "Number", "inputs": {"value": "3"}}})"),
            "memory 8\nstart 7\nfinish 7 {\"number\":7}\n");
}

TEST(Executor, EqualStepsRunOnce) {
  FakeWorkshop w;
  runs().clear();
  EXPECT_THAT(w.run(R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                        "2": {"class_type": "Number", "inputs": {"value": 3}},
                        "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
                        "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}})"),
              HasSubstr("{\"number\":6}"));
  EXPECT_EQ(runs()["Number"], 1);
}

TEST(Executor, AFailureNamesItsStepAndKeepsWhatFinished) {
  FakeWorkshop w;
  const char* graph = R"({"n": {"class_type": "Number", "inputs": {"value": 3}},
                          "f": {"class_type": "Fail", "inputs": {"a": ["n", 0]}},
                          "s": {"class_type": "Show", "inputs": {"number": ["f", 0]}}})";
  EXPECT_EQ(w.run(graph), "start n\nfinish n\nstart f\nfail f the well is dry\nerror step f (Fail): the well is dry\n");
  EXPECT_THAT(w.run(graph), HasSubstr("memory n\nstart f\n"));
}

TEST(Executor, WhatWasCancelledBeforeItStartedDoesNotRun) {
  FakeWorkshop w;
  CancelFlag cancel;
  cancel.request();
  EXPECT_EQ(w.run(kSum, &cancel), "cancelled\n");
}

struct Waits final : Node {
  static constexpr NodeInfo kInfo{.name = "Waits", .category = "test", .help = "Until cancelled."};
  In<int64_t> a{this, "a", "h"};
  Out<int64_t> out{this, "INT"};
  void run(RunContext& context) override {
    context.progress(1, 2);
    while (true) {
      context.check_cancelled();
      std::this_thread::yield();
    }
  }
};

TEST(Executor, CancellingStopsTheRunningStepAndKeepsWhatFinished) {
  FakeWorkshop w;
  w.registry.add<Waits>();
  const char* graph = R"({"n": {"class_type": "Number", "inputs": {"value": 3}},
                          "w": {"class_type": "Waits", "inputs": {"a": ["n", 0]}},
                          "s": {"class_type": "Show", "inputs": {"number": ["w", 0]}}})";
  CancelFlag cancel;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancel.request();
  });
  EXPECT_EQ(w.run(graph, &cancel), "start n\nfinish n\nstart w\nprogress w 1/2\ncancelled\n");
  EXPECT_EQ(w.cache.find(w.prepare(graph).keys.keys[0]), Tier::kMemory);
}

TEST(Executor, AResultThatVanishesBetweenPlanAndUseIsMadeAgain) {
  struct Forgetful final : ResultStore {
    bool contains(const Key&) override { return !gone; }
    std::optional<CachedResult> get(const Key&) override { return std::nullopt; }
    void put(const Key&, const CachedResult&) override {}
    void erase(const Key&) override { gone = true; }
    void clear() override {}
    uint64_t bytes() override { return 0; }
    uint64_t entries() override { return 0; }
    bool gone = false;
  };
  FakeWorkshop w;
  Cache forgetful(std::make_unique<Forgetful>(), nullptr);
  w.workshop.cache = &forgetful;
  EXPECT_THAT(w.run(kSum), HasSubstr("start a\nfinish a\nstart s\nfinish s {\"number\":7}"));
}

struct Fickle final : Node {
  static constexpr NodeInfo kInfo{.name = "Fickle", .category = "test", .help = "Another number each time."};
  Out<int64_t> out{this, "INT"};
  void run(RunContext&) override {
    static int64_t calls = 0;
    out = ++calls;
  }
};

TEST(Executor, VerifyingTheCacheCatchesAnImpureNode) {
  FakeWorkshop w;
  w.registry.add<Fickle>();
  const char* graph = R"({"f": {"class_type": "Fickle", "inputs": {}},
                          "s": {"class_type": "Show", "inputs": {"number": ["f", 0]}}})";
  w.run(graph);
  EXPECT_THAT(w.run(graph, nullptr, true), HasSubstr("differs from a fresh one at byte 0"));
}

TEST(Executor, VerifyingAPureGraphPasses) {
  FakeWorkshop w;
  w.run(kSum);
  EXPECT_EQ(w.run(kSum, nullptr, true), "start n\nfinish n\nstart a\nfinish a\nstart s\nfinish s {\"number\":7}\n");
}

struct Counted {
  explicit Counted(int* alive = nullptr) : alive(alive) {
    if (alive) ++*alive;
  }
  Counted(const Counted& other) : Counted(other.alive) {}
  Counted(Counted&& other) noexcept : Counted(other.alive) {}
  ~Counted() {
    if (alive) --*alive;
  }
  int* alive;
};

}  // namespace

template <>
struct SocketType<Counted> {
  static constexpr std::string_view kName = "COUNTED";
  static size_t bytes(const Counted&) { return 1; }
};

namespace {

int alive = 0;

struct Make final : Node {
  static constexpr NodeInfo kInfo{.name = "Make", .category = "test", .help = "h"};
  Out<Counted> out{this, "COUNTED"};
  void run(RunContext&) override { out = Counted(&alive); }
};
struct Use final : Node {
  static constexpr NodeInfo kInfo{.name = "Use", .category = "test", .help = "h"};
  In<Counted> in{this, "in", "h"};
  Out<int64_t> out{this, "INT"};
  void run(RunContext&) override { out = alive; }
};
struct Count final : Node {
  static constexpr NodeInfo kInfo{.name = "Count", .category = "test", .help = "h", .is_output = true};
  In<int64_t> in{this, "in", "h"};
  void run(RunContext& context) override { context.ui["alive"] = alive; }
};

TEST(Executor, AValueThatNoStepNeedsAnyMoreIsLetGo) {
  FakeWorkshop w;
  w.registry.add<Make>();
  w.registry.add<Use>();
  w.registry.add<Count>();
  w.workshop.cache = nullptr;
  EXPECT_THAT(w.run(R"({"m": {"class_type": "Make", "inputs": {}},
                        "u": {"class_type": "Use", "inputs": {"in": ["m", 0]}},
                        "c": {"class_type": "Count", "inputs": {"in": ["u", 0]}}})"),
              HasSubstr("finish c {\"alive\":0}"));
}

TEST(Executor, ManyBranchesOfBothLanesAllFinish) {
  FakeWorkshop w;
  std::string graph = "{";
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    graph += (i ? "," : "") + ("\"n" + n) + R"(": {"class_type": "Number", "inputs": {"value": )" +
             std::to_string(i % 100) + R"(}}, "s)" + n + R"(": {"class_type": "Show", "inputs": {"number": ["n)" + n +
             R"(", 0]}})";
  }
  const std::string events = w.run(graph + "}");
  size_t finished = 0;
  for (size_t at = events.find("finish s"); at != std::string::npos; at = events.find("finish s", at + 1)) ++finished;
  EXPECT_EQ(finished, 300u);
}

TEST(Executor, AChainOf100000StepsRuns) {
  FakeWorkshop w;
  std::string graph = R"({"0": {"class_type": "Number", "inputs": {"value": 1}})";
  for (int i = 1; i < 100'000; ++i) {
    graph += R"(,")" + std::to_string(i) + R"(": {"class_type": "Add", "inputs": {"a": [")" + std::to_string(i - 1) +
             R"(", 0], "b": 1}})";
  }
  graph += R"(,"s": {"class_type": "Show", "inputs": {"number": ["99999", 0]}}})";
  EXPECT_THAT(w.run(graph), HasSubstr("{\"number\":100000}"));
}

struct Million final : Node {
  static constexpr NodeInfo kInfo{.name = "Million", .category = "test", .help = "A large number."};
  Out<int64_t> number{this, "INT"};
  void run(RunContext&) override { number = 1'000'000; }
};

TEST(Executor, NumbersThatComeByLinksKeepTheRangeOfTheirSocket) {
  FakeWorkshop w;
  w.registry.add<Million>();
  EXPECT_THAT(w.run(R"({"m": {"class_type": "Million", "inputs": {}},
                        "n": {"class_type": "Number", "inputs": {"value": ["m", 0]}},
                        "s": {"class_type": "Show", "inputs": {"number": ["n", 0]}}})"),
              HasSubstr("error step n (Number): value: 1000000 is outside 0..100"));
}

TEST(Sockets, SeedsTakeWholeNumbersAndAnyTakesAll) {
  const ValuePtr seven = std::make_shared<const Typed<int64_t>>(7), below = std::make_shared<const Typed<int64_t>>(-1);
  EXPECT_EQ(typed_value<Seed>(seven, "seed")->data.value, 7u);
  EXPECT_THAT([&] { typed_value<Seed>(below, "seed"); },
              ::testing::ThrowsMessage<std::runtime_error>(HasSubstr("seed: -1 is no seed")));
  EXPECT_EQ(typed_value<ValuePtr>(seven, "source")->data, seven);
}

}  // namespace
}  // namespace heddle
