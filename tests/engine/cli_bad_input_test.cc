#include <unistd.h>

#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliBadInput : Cli {
  // What is said of a call that is refused.
  std::string refused(const std::vector<std::string>& words) {
    const CliResult result = call(words);
    EXPECT_EQ(result.code, 2) << result.out;
    return result.err;
  }
  std::string refused_run(const std::vector<std::string>& flags) {
    const CliResult result = run("graph.json", flags);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(saved(), ElementsAre());
    return result.err;
  }
};

TEST_F(CliBadInput, AnUnknownVerbNamesTheNearest) {
  EXPECT_THAT(refused({"explian", "x.json"}),
              HasSubstr("unknown verb \"explian\", did you mean \"explain\"?"));
}

TEST_F(CliBadInput, AnUnknownFlagNamesTheNearest) {
  EXPECT_THAT(refused_run({"--sed", "3"}),
              HasSubstr("unknown option --sed, did you mean \"--set\"?"));
  EXPECT_THAT(refused_run({"--cache-dri=x"}), HasSubstr("did you mean \"--cache-dir\"?"));
}

TEST_F(CliBadInput, AWordTooManyIsNotPassedByInSilence) {
  EXPECT_THAT(refused_run({"other.json"}),
              HasSubstr("run does not know what to do with \"other.json\""));
}

TEST_F(CliBadInput, WithoutAVerbThereIsHelp) {
  EXPECT_THAT(refused({}), HasSubstr("Usage: heddle VERB"));
}

TEST_F(CliBadInput, AGraphIsNeeded) {
  EXPECT_THAT(refused({"run"}), HasSubstr("a graph is needed"));
}

TEST_F(CliBadInput, AFlagWithoutItsValueIsNamed) {
  EXPECT_THAT(refused_run({"--seed"}), HasSubstr("--seed"));
}

TEST_F(CliBadInput, AMissingFileNamesTheNearestGraph) {
  write("data/heddle/user/pipelines/portrait.pipeline.json", "{}");
  EXPECT_THAT(refused({"run", "potrait"}),
              HasSubstr("there is no graph potrait, did you mean \"portrait\"?"));
}

TEST_F(CliBadInput, AFolderIsNoGraph) {
  EXPECT_THAT(refused({"run", home.path().string()}), HasSubstr("is a folder, not a graph"));
}

TEST_F(CliBadInput, AFileTooLargeForAGraphIsNotRead) {
  const std::string file = write("huge.json", "{}");
  std::filesystem::resize_file(file, kMaxJsonBytes + 1);
  EXPECT_THAT(refused({"run", file}), HasSubstr("huge.json is too large for a graph"));
}

TEST_F(CliBadInput, AnUnreadableFileSaysWhy) {
  if (geteuid() == 0) GTEST_SKIP() << "everything is readable for root";
  const std::string file = write("closed.json", "{}");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  EXPECT_THAT(refused({"run", file}), HasSubstr("Permission denied"));
}

TEST_F(CliBadInput, MalformedJsonNamesFileLineAndColumn) {
  const std::string file = write("bad.json", "{\n  \"1\": {,}\n}");
  EXPECT_THAT(refused({"run", file}),
              AllOf(HasSubstr("bad.json"), HasSubstr("line 2"), HasSubstr("column 9")));
}

TEST_F(CliBadInput, AllProblemsAreSaidAtOnce) {
  const std::string file = write("bad.json", R"({
      "1": {"class_type": "Wrd", "inputs": {}},
      "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}},
      "3": {"class_type": "Word", "inputs": {"text": "x", "how": "loudd", "seed": 1, "weight": 7}},
      "4": {"class_type": "SaveText", "inputs": {"text": ["3", 0]}}})");
  EXPECT_THAT(refused({"run", file}),
              AllOf(HasSubstr("unknown node \"Wrd\", did you mean \"Word\"?"),
                    HasSubstr("3 (Word).how: \"loudd\" is not a choice"),
                    HasSubstr("3 (Word).weight: 7.0 is outside 0.0..1.0")));
}

TEST_F(CliBadInput, ProblemsAreEventsToo) {
  const CliResult result = run("graph.json", {"--set", "1.weight=7", "--json"});
  EXPECT_EQ(result.code, 2);
  const Json problem = result.events("problem").at(0);
  EXPECT_EQ(problem["step"], "1");
  EXPECT_EQ(problem["socket"], "weight");
  EXPECT_EQ(problem["kind"], "value_out_of_range");
}

TEST_F(CliBadInput, ValuesOfFlagsAreCheckedLikeTheGraphs) {
  EXPECT_THAT(refused_run({"--set", "1.weight=0.5,7"}),
              HasSubstr("1 (Word).weight: 7.0 is outside"));
  EXPECT_THAT(refused_run({"--set", "1.how=shouted"}), HasSubstr("\"shouted\" is not a choice"));
  EXPECT_THAT(refused_run({"--set", "1.seed=many"}), HasSubstr("\"many\" cannot be read as INT"));
  EXPECT_THAT(refused_run({"--seed", "-1"}), HasSubstr("-1 is outside"));
}

TEST_F(CliBadInput, AStepThatIsNotThereNamesTheNearestAndAll) {
  EXPECT_THAT(refused_run({"--set", "Wrod.text=x"}),
              AllOf(HasSubstr("there is no step \"Wrod\", did you mean \"Word\"?"),
                    HasSubstr("1 (My word), 2 (SaveText)")));
}

TEST_F(CliBadInput, ASocketThatIsNotThereNamesTheNearest) {
  EXPECT_THAT(refused_run({"--set", "1.wieght=1"}),
              HasSubstr("1 (Word).wieght: there is no such input, did you mean \"weight\"?"));
}

TEST_F(CliBadInput, ANodeThatIsThereTwiceIsAmbiguous) {
  write("graph.json", R"({"1": {"class_type": "Number", "inputs": {"value": 1}},
                          "2": {"class_type": "Number", "_meta": {"title": "Other"},
                                "inputs": {"value": 2}},
                          "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
                          "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}})");
  EXPECT_THAT(refused_run({"--set", "Number.value=3"}),
              HasSubstr("\"Number\" means more than one step: 1 (Number), 2 (Other); use an id"));
}

TEST_F(CliBadInput, SetNeedsASocketAndAValue) {
  EXPECT_THAT(refused_run({"--set", "1.text"}),
              HasSubstr("--set 1.text: expected STEP.SOCKET=VALUE"));
  EXPECT_THAT(refused_run({"--set", "text=4"}),
              HasSubstr("\"text\" names no socket; expected STEP.SOCKET=VALUE"));
}

TEST_F(CliBadInput, RangesAreWholeAndBounded) {
  EXPECT_THAT(refused_run({"--seed", "a..b"}), HasSubstr("a range needs whole numbers"));
  EXPECT_THAT(refused_run({"--seed", "1..100000000000"}), HasSubstr("more than 10000 values"));
  EXPECT_THAT(refused_run({"--seed", "1..10000", "--set", "1.how=loud,quiet"}),
              HasSubstr("more than 10000 combinations"));
}

TEST_F(CliBadInput, CountNeedsOneSeedOrNone) {
  EXPECT_THAT(refused_run({"--count", "2", "--seed", "1,2"}),
              HasSubstr("--seed gives several seeds already"));
  EXPECT_THAT(refused_run({"--count", "0"}), HasSubstr("--count: expected 1.."));
  EXPECT_THAT(refused_run({"--count", "two"}), HasSubstr("--count"));
}

TEST_F(CliBadInput, SeedNeedsASeedToSet) {
  write("graph.json", R"({"1": {"class_type": "Number", "inputs": {"value": 1}},
                          "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_THAT(refused_run({"--seed", "1"}),
              HasSubstr("--seed: no step has a seed that is not linked"));
  EXPECT_THAT(refused_run({"--count", "2"}), HasSubstr("--count: no step has a seed to count up"));
}

TEST_F(CliBadInput, AnOutputFolderThatCannotBeIsRefusedBeforeAnythingRuns) {
  const std::string file = write("file", "x");
  runs().clear();
  EXPECT_THAT(refused({"run", (home / "graph.json").string(), "--out", file + "/below"}),
              HasSubstr("is no folder; name another by --out"));
  EXPECT_EQ(runs()["Word"], 0);
}

TEST_F(CliBadInput, ACacheFolderThatCannotBeSaysWhatToDo) {
  const std::string file = write("file", "x");
  EXPECT_THAT(refused_run({"--cache-dir", file + "/below"}),
              HasSubstr("name another folder by --cache-dir"));
}

TEST_F(CliBadInput, SizesLevelsAndFoldersAreChecked) {
  EXPECT_THAT(refused_run({"--cache-memory", "4X"}), HasSubstr("--cache-memory 4X is not a size"));
  EXPECT_THAT(refused_run({"--log-level", "lod"}), HasSubstr("--log-level lod is no level"));
  EXPECT_THAT(refused_run({"--models", "/nowhere"}),
              HasSubstr("--models names /nowhere, which is no folder"));
  EXPECT_THAT(refused_run({"--comfyui", "/nowhere"}),
              HasSubstr("--comfyui names /nowhere, which is no folder"));
  EXPECT_THAT(refused_run({"--extra-model-paths", "/nowhere.yaml"}), HasSubstr("/nowhere.yaml"));
  EXPECT_THAT(refused_run({"--log-file", "/proc/nowhere/log"}),
              HasSubstr("cannot write the log file"));
}

TEST_F(CliBadInput, APictureWithoutAGraphSaysSo) {
  const std::string file = write("picture.png", std::string("\x89PNG\r\n\x1a\n", 8));
  EXPECT_THAT(refused({"run", file}), HasSubstr("picture.png"));
}

TEST_F(CliBadInput, ControlCharactersOfAGraphDoNotReachTheTerminal) {
  const std::string file =
      write("bad.json", R"({"\u001b[2J": {"class_type": "No\u001b]0;x\u0007", "inputs": {}}})");
  EXPECT_THAT(refused({"check", file}), Not(HasSubstr("\x1b")));
}

TEST_F(CliBadInput, UndeclaredInputsAreWarningsAndDoNotStop) {
  write(
      "graph.json",
      R"({"1": {"class_type": "Word", "inputs": {"text": "a", "how": "loud", "seed": 1, "weight": 0,
                                                                  "weigth": 2}},
                          "2": {"class_type": "SaveText",
                                "inputs": {"text": ["1", 0], "filename_prefix": "word"}}})");
  const CliResult result = run("graph.json");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err,
              HasSubstr("warning: 1 (Word).weigth: Word has no input \"weigth\", did you mean"));
}

}  // namespace
}  // namespace heddle::test
