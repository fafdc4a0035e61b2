#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliExplain : Cli {
  CliResult explain(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> words{"explain", (home / "graph.json").string()};
    words.insert(words.end(), flags.begin(), flags.end());
    return call(words);
  }
};

TEST_F(CliExplain, AGraphThatNeverRanRuns) {
  const CliResult result = explain();
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "1  Word      runs:  first run of this graph\n"
            "2  SaveText  runs:  saves or shows its input every time\n");
}

TEST_F(CliExplain, WhatIsOnDiskIsCached) {
  run("graph.json");
  EXPECT_THAT(explain().out, HasSubstr("1  Word      cached:  on disk\n"));
}

TEST_F(CliExplain, AChangeIsNamedWithBothValues) {
  run("graph.json");
  EXPECT_THAT(explain({"--set", "1.weight=0.75", "--seed", "4"}).out,
              HasSubstr("1  Word      runs:  seed 3 -> 4, weight 0.5 -> 0.75\n"));
}

TEST_F(CliExplain, TheRecordIsOfTheFileWhateverItsPathIsWrittenLike) {
  run("graph.json");
  std::filesystem::create_directories(home / "sub");
  const CliResult result =
      call({"explain", (home / "sub/../graph.json").string(), "--set", "1.text=rose"});
  EXPECT_THAT(result.out, HasSubstr("text \"tulip\" -> \"rose\""));
}

TEST_F(CliExplain, ARunThatFailedIsNotTheLastRun) {
  run("graph.json");
  write("graph.json", R"({"1": {"class_type": "Quote", "inputs": {"text": "x"}},
                          "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  EXPECT_EQ(run("graph.json").code, 1);
  EXPECT_THAT(explain().out, HasSubstr("node Word -> Quote"));
}

TEST_F(CliExplain, ADamagedRecordIsNoHindrance) {
  run("graph.json");
  for (const auto& file : std::filesystem::directory_iterator(home / "data/heddle/cache/recent")) {
    write_text(file.path(), "{");
  }
  const CliResult result = explain({"--seed", "4"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("first run of this graph"));
  EXPECT_THAT(result.err, HasSubstr("the record of the last run is not readable"));
}

TEST_F(CliExplain, EachStepIsAnObjectOnRequest) {
  run("graph.json");
  const std::vector<Json> steps = explain({"--json"}).events("explained");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0], (Json{{"event", "explained"},
                            {"step", "1"},
                            {"node", "Word"},
                            {"action", "cached"},
                            {"reason", "on disk"},
                            {"tier", "disk"}}));
}

TEST_F(CliExplain, RunsNothingAndKeepsNothing) {
  runs().clear();
  explain();
  EXPECT_EQ(runs()["Word"], 0);
  EXPECT_FALSE(std::filesystem::exists(home / "data/heddle/cache/results"));
}

TEST_F(CliExplain, OneValueAFlag) {
  const CliResult result = explain({"--seed", "1..3"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("explain takes one value a flag"));
}

}  // namespace
}  // namespace heddle::test
