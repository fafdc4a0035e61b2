#include "engine/cli/settings.h"
#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliSettings : Cli {};

TEST_F(CliSettings, TheUsualFileIsReadWhereThereIsOne) {
  write("config/heddle/settings.toml",
        "threads = 3\n[run]\nset = [\"1.text=rose\"]\nseed = \"8\"\n");
  EXPECT_EQ(run("graph.json").code, 0);
  EXPECT_EQ(backend.threads, 3);
  EXPECT_THAT(saved(), ElementsAre("rose/loud/8"));
}

TEST_F(CliSettings, WhatIsSaidOnTheCommandLineCounts) {
  write("config/heddle/settings.toml", "threads = 3\n[run]\nseed = \"8\"\n");
  run("graph.json", {"--seed", "9", "--threads", "2"});
  EXPECT_EQ(backend.threads, 2);
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/9"));
}

TEST_F(CliSettings, AnotherFileCanBeNamed) {
  const std::string file = write("mine.toml", "quiet = true\ncache-memory = \"10M\"\n");
  EXPECT_EQ(run("graph.json", {"--settings", file}).err, "");
}

TEST_F(CliSettings, ASectionIsForItsVerbOnly) {
  write("config/heddle/settings.toml", "[run]\nset = [\"1.nonsense=1\"]\n");
  EXPECT_EQ(call({"check", (home / "graph.json").string()}).code, 0);
  EXPECT_EQ(run("graph.json").code, 2);
}

TEST_F(CliSettings, AFileThatIsNotThereIsAnErrorWhenNamed) {
  const CliResult result = run("graph.json", {"--settings", "/nowhere.toml"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("cannot read the settings file /nowhere.toml"));
}

TEST_F(CliSettings, AFlagThatIsNoneNamesTheNearest) {
  write("config/heddle/settings.toml", "[run]\nsede = 3\n");
  const CliResult result = run("graph.json");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("settings.toml sets \"run.sede\""),
                                HasSubstr("did you mean \"seed\"?")));
}

TEST_F(CliSettings, ASectionThatIsNoVerbNamesTheNearest) {
  write("config/heddle/settings.toml", "[rum]\nseed = 3\n");
  EXPECT_THAT(run("graph.json").err,
              HasSubstr("has a section [rum], which is no verb, did you mean \"run\"?"));
}

TEST_F(CliSettings, AValueOfTheWrongTypeIsNamed) {
  write("config/heddle/settings.toml", "threads = \"many\"\n");
  const CliResult result = run("graph.json");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--threads"));
}

}  // namespace
}  // namespace heddle::test
