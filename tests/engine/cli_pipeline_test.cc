#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliPipeline : Cli {
  CliPipeline() {
    file = write("words.pipeline.json", R"({
      "heddle": "pipeline/1", "title": "Words", "help": "Makes a word.",
      "inputs": {
        "prompt": {"type": "STRING", "help": "What to say.", "default": "tulip", "to": ["1.text"]},
        "seed": {"type": "INT", "default": 3, "min": 0, "help": "Chance.", "to": ["1.seed"]},
        "how": {"type": "COMBO", "default": "loud", "help": "Which way.", "to": ["1.how"]},
        "word_weight": {"type": "FLOAT", "default": 0.5, "min": 0, "max": 1, "help": "How much.",
                        "to": ["1.weight"]},
        "out": {"type": "STRING", "default": "word", "help": "File name.",
                "to": ["2.filename_prefix"]}},
      "outputs": {"word": ["1", 0]},
      "graph": {"1": {"class_type": "Word", "inputs": {"weight": 0.5}},
                "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}}}})");
  }
  std::string file;
};

TEST_F(CliPipeline, DefaultsAreEnough) {
  EXPECT_EQ(run("words.pipeline.json").code, 0);
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3"));
}

TEST_F(CliPipeline, InputsAreFlags) {
  const CliResult result =
      run("words.pipeline.json", {"--prompt", "a, red house", "--seed", "7", "--how=quiet"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(saved(), ElementsAre("a, red house/quiet/7"));
}

TEST_F(CliPipeline, InputsMayComeBeforeTheGraph) {
  const CliResult result =
      call({"run", "--prompt", "rose", "--out", (home / "out").string(), file});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(saved(), ElementsAre("rose/loud/3"));
}

TEST_F(CliPipeline, AnInputMayBeWrittenWithDashes) {
  EXPECT_EQ(run("words.pipeline.json", {"--word-weight", "0.25"}).code, 0);
  EXPECT_EQ(run("words.pipeline.json", {"--word_weight", "0.25"}).code, 0);
  EXPECT_EQ(run("words.pipeline.json", {"--word_weight", "7"}).code, 2);
}

TEST_F(CliPipeline, InputsTakeSeveralValues) {
  run("words.pipeline.json", {"--how", "loud,quiet", "--seed", "1..2"});
  EXPECT_THAT(saved(), ::testing::UnorderedElementsAre("tulip/loud/1", "tulip/loud/2",
                                                       "tulip/quiet/1", "tulip/quiet/2"));
}

TEST_F(CliPipeline, CountCountsTheSeedOfThePipelineUp) {
  const CliResult result = run("words.pipeline.json", {"--count", "2", "--json"});
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3", "tulip/loud/4"));
  EXPECT_EQ(result.events("job_started").at(1)["set"], (Json{{"seed", 4}}));
}

TEST_F(CliPipeline, AnInputNamedLikeAnOptionIsSetByName) {
  EXPECT_EQ(run("words.pipeline.json", {"--set", "out=word", "--set", "prompt=rose"}).code, 0);
  EXPECT_THAT(saved(), ElementsAre("rose/loud/3"));
}

TEST_F(CliPipeline, SocketsOfItsGraphCanBeSetToo) {
  run("words.pipeline.json", {"--set", "1.text=daisy"});
  EXPECT_THAT(saved(), ElementsAre("daisy/loud/3"));
}

TEST_F(CliPipeline, HelpListsInputsWithTypesDefaultsAndRanges) {
  const CliResult result = call({"run", file, "--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("Words\nMakes a word.\n"), HasSubstr("--prompt TEXT"),
                    HasSubstr("What to say. (default \"tulip\")"), HasSubstr("--word_weight FLOAT"),
                    HasSubstr("How much. (0..1, default 0.5)"), HasSubstr("--set out=TEXT"),
                    HasSubstr("--seed INT")));
}

TEST_F(CliPipeline, AnInputThatIsNotThereNamesTheNearest) {
  const CliResult result = run("words.pipeline.json", {"--promt", "x"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("unknown option --promt, did you mean \"--prompt\"?"));
}

TEST_F(CliPipeline, ANameFindsAPipeline) {
  write("data/heddle/user/pipelines/words.pipeline.json", read(file));
  const CliResult result =
      call({"run", "words", "--prompt", "rose", "--out", (home / "out").string()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(saved(), ElementsAre("rose/loud/3"));
}

TEST_F(CliPipeline, PipelinesListsNamesAndTitles) {
  write("data/heddle/user/pipelines/words.json", read(file));
  EXPECT_THAT(call({"pipelines"}).out, HasSubstr("Words"));
  EXPECT_THAT(call({"pipelines", "--quiet"}).out, HasSubstr("words\n"));
  const Json words = call({"pipelines", "words", "--json"}).events().at(0);
  EXPECT_EQ(words["inputs"][3]["name"], "word_weight");
  EXPECT_EQ(words["inputs"][3]["max"], 1);
  EXPECT_EQ(words["outputs"][0]["step"], "1");
}

TEST_F(CliPipeline, PipelinesShowsTheInputsOfOne) {
  write("data/heddle/user/pipelines/words.json", read(file));
  EXPECT_THAT(call({"pipelines", "words"}).out, HasSubstr("--prompt TEXT"));
  const CliResult unknown = call({"pipelines", "wrods"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there is no pipeline wrods, did you mean \"words\"?"));
}

TEST_F(CliPipeline, APipelineIsANodeInOtherGraphs) {
  write("data/heddle/user/pipelines/words.json", read(file));
  write("graph.json",
        R"({"5": {"class_type": "Pipeline/words", "inputs": {"prompt": "rose", "out": "inner"}},
                          "6": {"class_type": "SaveText",
                                "inputs": {"text": ["5", 0], "filename_prefix": "word"}}})");
  EXPECT_EQ(run("graph.json").code, 0);
  EXPECT_THAT(saved(), ElementsAre("rose/loud/3"));
}

TEST_F(CliPipeline, ConvertFillsItIn) {
  const CliResult result = call({"convert", file, "--prompt", "rose"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(parse_json(result.out)["1"]["inputs"]["text"], "rose");
}

TEST_F(CliPipeline, AMistakeInTheFileIsSaid) {
  write("bad.pipeline.json",
        R"({"heddle": "pipeline/1", "inputs": {"a": {"type": "INT", "to": ["9.x"]}},
                                 "graph": {"1": {"class_type": "Show", "inputs": {}}}})");
  const CliResult result = run("bad.pipeline.json");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("the graph has no step \"9\""));
}

}  // namespace
}  // namespace heddle::test
