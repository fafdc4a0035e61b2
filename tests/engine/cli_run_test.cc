#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliRun : Cli {};

TEST_F(CliRun, SavesFilesAndSaysWhereTheyAre) {
  const CliResult result = run("graph.json");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, (home / "out/word_1.txt").string() + "\n");
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3"));
}

TEST_F(CliRun, TheFirstLineNamesThePrecisionOnce) {
  const CliResult result = run("graph.json", {"--count", "2"});
  EXPECT_THAT(result.err,
              ::testing::StartsWith("computing in fp32 (the only precision of this build)\n"));
  EXPECT_EQ(result.err.find("computing in", 1), std::string::npos);
}

TEST_F(CliRun, QuietPrintsOnlyFiles) {
  const CliResult result = run("graph.json", {"--quiet", "--seed", "9"});
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, (home / "out/word_1.txt").string() + "\n");
}

TEST_F(CliRun, WithoutATerminalAStepIsALineAtStartAndEnd) {
  const CliResult result = run("graph.json");
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("step 1 (Word) started\n"), HasSubstr("step 1 (Word) finished in "),
                    HasSubstr("step 2 (SaveText) finished in "), Not(HasSubstr("\x1b"))));
}

TEST_F(CliRun, ASecondRunTakesResultsFromTheDisk) {
  run("graph.json");
  const CliResult result = run("graph.json");
  EXPECT_THAT(result.err, AllOf(HasSubstr("step 1 (Word) cached on disk"),
                                HasSubstr("steps run: 1, cached: 1")));
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3", "tulip/loud/3"));
}

TEST_F(CliRun, NoCacheKeepsNothing) {
  run("graph.json", {"--no-cache"});
  EXPECT_FALSE(std::filesystem::exists(home / "data/heddle/cache/results"));
  EXPECT_THAT(run("graph.json", {"--no-cache"}).err, HasSubstr("step 1 (Word) started"));
}

TEST_F(CliRun, VerifyCacheComputesCachedResultsAgain) {
  run("graph.json");
  runs().clear();
  EXPECT_EQ(run("graph.json", {"--verify-cache"}).code, 0);
  EXPECT_EQ(runs()["Word"], 1);
}

TEST_F(CliRun, SetTakesAnId) {
  run("graph.json", {"--set", "1.text=rose"});
  EXPECT_THAT(saved(), ElementsAre("rose/loud/3"));
}

TEST_F(CliRun, SetTakesATitleAndANode) {
  run("graph.json", {"--set", "My word.text=rose", "--set", "Word.how=quiet"});
  EXPECT_THAT(saved(), ElementsAre("rose/quiet/3"));
}

TEST_F(CliRun, SetReplacesALink) {
  run("graph.json", {"--set", "2.text=plain"});
  EXPECT_THAT(saved(), ElementsAre("plain"));
}

TEST_F(CliRun, ATextKeepsItsCommasAndRanges) {
  run("graph.json", {"--set", "1.text=a house, 1..3 trees = 5"});
  EXPECT_THAT(saved(), ElementsAre("a house, 1..3 trees = 5/loud/3"));
}

TEST_F(CliRun, ATextThatLooksLikeANumberStaysAsItIs) {
  run("graph.json", {"--set", "1.text=1e3"});
  EXPECT_THAT(saved(), ElementsAre("1e3/loud/3"));
}

TEST_F(CliRun, ATextTakesSeveralValuesAsAJsonList) {
  run("graph.json", {"--set", R"(1.text=["a, b", "c"])"});
  EXPECT_THAT(saved(), ElementsAre("a, b/loud/3", "c/loud/3"));
}

TEST_F(CliRun, ATextMayBeEmpty) {
  run("graph.json", {"--set=1.text="});
  EXPECT_THAT(saved(), ElementsAre("/loud/3"));
}

TEST_F(CliRun, EveryCombinationRunsTheFirstFlagSlowest) {
  const CliResult result =
      run("graph.json", {"--set", "1.how=loud,quiet", "--set", "1.seed=5..7", "--json"});
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/5", "tulip/loud/6", "tulip/loud/7", "tulip/quiet/5",
                                   "tulip/quiet/6", "tulip/quiet/7"));
  const std::vector<Json> jobs = result.events("job_started");
  ASSERT_EQ(jobs.size(), 6u);
  EXPECT_EQ(jobs[4]["set"], (Json{{"1.how", "quiet"}, {"1.seed", 6}}));
}

TEST_F(CliRun, CombinationsShareWhatTheyHaveInCommon) {
  write("chain.json", R"({"1": {"class_type": "Number", "inputs": {"value": 5}},
                          "2": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": 1}},
                          "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}})");
  runs().clear();
  EXPECT_EQ(run("chain.json", {"--set", "2.b=1,2,3,4"}).code, 0);
  EXPECT_EQ(runs()["Number"], 1);
  EXPECT_EQ(runs()["Add"], 4);
}

TEST_F(CliRun, SeedSetsEveryUnlinkedSeedAndSaysWhich) {
  const CliResult result = run("graph.json", {"--seed", "18446744073709551615"});
  EXPECT_THAT(result.err, HasSubstr("seed 18446744073709551615 goes to 1.seed"));
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/18446744073709551615"));
}

TEST_F(CliRun, SeedTakesListsAndRanges) {
  run("graph.json", {"--seed", "1..3,9"});
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/1", "tulip/loud/2", "tulip/loud/3", "tulip/loud/9"));
}

TEST_F(CliRun, CountCountsTheGraphsOwnSeedUp) {
  const CliResult result = run("graph.json", {"--count", "3", "--json"});
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3", "tulip/loud/4", "tulip/loud/5"));
  EXPECT_EQ(result.events("job_started")[2]["set"], (Json{{"1.seed", 5}}));
}

TEST_F(CliRun, CountStartsAtTheSeedThatIsGiven) {
  run("graph.json", {"--count", "2", "--seed", "7"});
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/7", "tulip/loud/8"));
}

TEST_F(CliRun, UntilRunsOnlyWhatTheStepNeeds) {
  const CliResult result = run("graph.json", {"--until", "My word"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("step 1 (Word) started"), Not(HasSubstr("SaveText"))));
}

TEST_F(CliRun, AStepThatFailsIsNamedAndGivesOne) {
  write("bad.json", R"({"1": {"class_type": "Quote", "inputs": {"text": "nonsense"}},
                        "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  const CliResult result = run("bad.json");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("step 1 (Quote): cannot make out: nonsense"));
}

TEST_F(CliRun, EveryEventIsALineOfJson) {
  const CliResult result = run("graph.json", {"--json"});
  std::vector<std::string> kinds;
  for (const Json& event : result.events()) kinds.push_back(event["event"]);
  EXPECT_THAT(kinds, ElementsAre("run", "job_started", "step_started", "step_finished",
                                 "step_started", "step_finished", "job_finished", "finished"));
  const Json last = result.events().back();
  EXPECT_EQ(last["exit_code"], 0);
  EXPECT_EQ(last["files"], Json::array({(home / "out/word_1.txt").string()}));
  const Json step = result.events("step_finished")[0];
  EXPECT_EQ(step["step"], "1");
  EXPECT_EQ(step["node"], "Word");
  EXPECT_EQ(step["job"], 1);
  EXPECT_EQ(step["notes"], (Json{{"how", "loud"}}));
}

TEST_F(CliRun, ProgressIsAnEvent) {
  write("slow.json", R"({"1": {"class_type": "Slow", "inputs": {"steps": 3}},
                         "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  const std::vector<Json> progress = run("slow.json", {"--json"}).events("step_progress");
  ASSERT_EQ(progress.size(), 3u);
  EXPECT_EQ(progress[1]["value"], 2);
  EXPECT_EQ(progress[1]["total"], 3);
}

TEST_F(CliRun, CachedStepsAreEvents) {
  run("graph.json");
  EXPECT_EQ(run("graph.json", {"--json"}).events("step_cached").at(0)["tier"], "disk");
}

TEST_F(CliRun, AFailureIsAnEventAndTheLastOneHasTheExitCode) {
  write("bad.json", R"({"1": {"class_type": "Quote", "inputs": {"text": "x"}},
                        "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  const CliResult result = run("bad.json", {"--json"});
  EXPECT_EQ(result.events("step_failed").at(0)["message"], "cannot make out: x");
  EXPECT_EQ(result.events().back()["exit_code"], 1);
}

TEST_F(CliRun, ThreadsReachTheBackend) {
  run("graph.json", {"--threads", "3"});
  EXPECT_EQ(backend.threads, 3);
}

TEST_F(CliRun, TheLogHasJobAndStepAndNoTextOfAPrompt) {
  write("odd.json",
        R"({"1": {"class_type": "Quote", "inputs": {"text": "my secret garden", "fails": false}},
                        "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  run("odd.json", {"--log-file", (home / "log.txt").string()});
  const std::string log = read(home / "log.txt");
  EXPECT_THAT(log, AllOf(HasSubstr("warning job 1 step 1 (Quote): odd: (text)"),
                         HasSubstr("info job 1 step 2 (SaveText): finished in "),
                         Not(HasSubstr("secret"))));
}

TEST_F(CliRun, AFailureInTheLogHasNoTextOfAPrompt) {
  write("odd.json", R"({"1": {"class_type": "Quote", "inputs": {"text": "my secret garden"}},
                        "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  run("odd.json", {"--log-file", (home / "log.txt").string()});
  EXPECT_THAT(read(home / "log.txt"),
              AllOf(HasSubstr("error job 1 step 1 (Quote): failed: cannot make out: (text)"),
                    Not(HasSubstr("secret"))));
}

TEST_F(CliRun, TheLogHasTextsForThoseWhoAskForDebug) {
  write("odd.json", R"({"1": {"class_type": "Quote", "inputs": {"text": "my secret garden"}},
                        "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}})");
  run("odd.json", {"--log-file", (home / "log.txt").string(), "--log-level", "debug"});
  EXPECT_THAT(read(home / "log.txt"), HasSubstr("secret"));
}

}  // namespace
}  // namespace heddle::test
