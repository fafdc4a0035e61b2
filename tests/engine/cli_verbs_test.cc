#include "engine/image_file.h"
#include "engine/version.h"
#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

struct CliVerbs : Cli {};

TEST_F(CliVerbs, VersionNamesProgramLibtorchAndProcessor) {
  const CliResult result = call({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, std::string("heddle ") + version() + "\nlibtorch 0.0\nprocessor abacus\n");
}

TEST_F(CliVerbs, HelpListsVerbsAndOptions) {
  const CliResult result = call({"help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("run GRAPH"), HasSubstr("pipelines [NAME]"),
                                HasSubstr("--comfyui DIR"), HasSubstr("Exit codes")));
  EXPECT_EQ(call({"--help"}).out, result.out);
}

TEST_F(CliVerbs, HelpOfAVerbIsTheSameBothWays) {
  const CliResult result = call({"help", "run"});
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("Usage: heddle run GRAPH [options]"),
                    HasSubstr("--set STEP.SOCKET=VALUE"), HasSubstr("Options of every verb")));
  EXPECT_EQ(call({"run", "--help"}).out, result.out);
  EXPECT_EQ(call({"help", "rnu"}).code, 2);
}

TEST_F(CliVerbs, HelpIsNoWiderThanAScreen) {
  std::istringstream lines(call({"help", "run"}).out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST_F(CliVerbs, CheckCountsTheSteps) {
  const CliResult result = call({"check", (home / "graph.json").string()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "2 steps, fine\n");
}

TEST_F(CliVerbs, CheckRunsNothingAndMakesNothing) {
  runs().clear();
  call({"check", (home / "graph.json").string()});
  EXPECT_EQ(runs()["Word"], 0);
  EXPECT_FALSE(std::filesystem::exists(home / "data"));
}

TEST_F(CliVerbs, CheckGivesProblemsAsEvents) {
  const CliResult result =
      call({"check", (home / "graph.json").string(), "--set", "1.weight=9", "--json"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.events("problem").size(), 1u);
  EXPECT_EQ(result.events("checked").at(0)["problems"], 1);
}

TEST_F(CliVerbs, NodesListsNamesCategoriesAndHelp) {
  const CliResult result = call({"nodes"});
  EXPECT_THAT(result.out, HasSubstr("SaveText  test/files  Saves a text.\n"));
  EXPECT_THAT(result.out, HasSubstr("Plus      test        the same as Add\n"));
}

TEST_F(CliVerbs, NodesQuietlyListsNames) {
  EXPECT_THAT(call({"nodes", "--quiet"}).out, ::testing::StartsWith("Add\nFail\nNumber\nPlus\n"));
}

TEST_F(CliVerbs, ANodeIsDescribedBySocketsRangesDefaultsAndHelp) {
  EXPECT_EQ(call({"nodes", "Word"}).out,
            "Word  (test)\nA word in a way.\n\nInputs\n"
            "  text  (STRING)\n      The word.\n"
            "  how  (COMBO)\n      Which way.\n      one of loud, quiet\n"
            "  seed  (INT, default 0)\n      A seed.\n      0..18446744073709551615\n"
            "  weight  (FLOAT, default 0.5)\n      A weight.\n      0.0..1.0\n"
            "\nOutputs\n  0  STRING  (STRING)\n");
}

TEST_F(CliVerbs, ANodeTellsItsOtherNames) {
  EXPECT_THAT(call({"nodes", "Add"}).out, HasSubstr("Also called Plus.\n"));
  EXPECT_THAT(call({"nodes", "Plus"}).out, HasSubstr("Also called Add.\n"));
}

TEST_F(CliVerbs, ANodeAsJsonIsItsObjectInfo) {
  const Json info = call({"nodes", "Word", "--json"}).events().at(0);
  EXPECT_EQ(info["name"], "Word");
  EXPECT_EQ(info["input"]["required"]["how"][0], Json::array({"loud", "quiet"}));
}

TEST_F(CliVerbs, AnUnknownNodeNamesTheNearest) {
  const CliResult result = call({"nodes", "Wrod"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("unknown node \"Wrod\", did you mean \"Word\"?"));
}

TEST_F(CliVerbs, ConvertWritesTheApiFormat) {
  write("posted.json",
        R"({"prompt": {"1": {"class_type": "Number", "_meta": {"title": "Zahl \u00fc"},
                                            "inputs": {"value": 5}},
                                      "2": {"class_type": "Show",
                                            "inputs": {"number": ["1", 0]}}}})");
  const CliResult result = call({"convert", (home / "posted.json").string()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("{\n  \"1\": {\n"), HasSubstr("\"number\": [\"1\", 0]"),
                                HasSubstr("Zahl ü")));
  EXPECT_EQ(parse_json(result.out)["1"]["inputs"]["value"], 5);
}

TEST_F(CliVerbs, ConvertReadsTheEditorFormat) {
  const std::string file = write("saved.json", R"({
      "nodes": [{"id": 1, "type": "Number", "mode": 0, "inputs": [], "widgets_values": [7],
                 "outputs": [{"name": "INT", "type": "INT", "links": [1]}]},
                {"id": 2, "type": "Show", "mode": 0, "widgets_values": [],
                 "inputs": [{"name": "number", "type": "INT", "link": 1}], "outputs": []}],
      "links": [[1, 1, 0, 2, 0, "INT"]], "version": 0.4})");
  const CliResult result = call({"convert", file});
  EXPECT_EQ(result.code, 0) << result.err;
  const Json graph = parse_json(result.out);
  EXPECT_EQ(graph["1"]["inputs"]["value"], 7);
  EXPECT_EQ(graph["2"]["inputs"]["number"], Json::array({"1", 0}));
  EXPECT_EQ(call({"run", file}).code, 0);
}

TEST_F(CliVerbs, ConvertTakesTheDeclarationsOfAServer) {
  const std::string file = write("saved.json", R"({
      "nodes": [{"id": 1, "type": "Faraway", "mode": 0, "inputs": [], "widgets_values": [7, "x"],
                 "outputs": []}],
      "links": [], "version": 0.4})");
  const std::string declarations = write("object_info.json", R"({"Faraway": {
      "input": {"required": {"size": ["INT", {}], "name": ["STRING", {}]}},
      "input_order": {"required": ["size", "name"]}, "output": [], "output_name": []}})");
  const CliResult result = call({"convert", file, "--declarations", declarations});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(parse_json(result.out)["1"]["inputs"], (Json{{"size", 7}, {"name", "x"}}));
  EXPECT_THAT(call({"convert", file, "--declarations", "/nowhere"}).err,
              HasSubstr("there is no file /nowhere"));
}

TEST_F(CliVerbs, ConvertRefusesNodesThatNobodyDeclares) {
  const std::string file = write("saved.json", R"({
      "nodes": [{"id": 1, "type": "Faraway", "mode": 0, "inputs": [], "outputs": []}],
      "links": [], "version": 0.4})");
  const CliResult result = call({"convert", file});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("Faraway"));
  int unknown = 0;
  for (const Json& problem : call({"check", file, "--json"}).events("problem")) {
    unknown += problem["kind"] == "unknown_node";
  }
  EXPECT_EQ(unknown, 1);
}

TEST_F(CliVerbs, DocumentsOfTheEditorToldWhichNodesAreMissing) {
  registry.add_missing("Faraway", "distances");
  const std::string file = write("saved.json", R"({
      "nodes": [{"id": 1, "type": "Faraway", "mode": 0, "inputs": [], "outputs": []}],
      "links": [], "version": 0.4})");
  EXPECT_THAT(call({"check", file}).err, HasSubstr("that heddle does not have yet (distances)"));
}

TEST_F(CliVerbs, ConvertKeepsWhatIsNoNumber) {
  write("odd.json",
        R"({"1": {"class_type": "X",
                  "inputs": {"a": NaN, "b": -Infinity, "c": {}, "d": {"e": [{}]}}}})");
  const CliResult result = call({"convert", (home / "odd.json").string()});
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"a\": NaN"), HasSubstr("\"b\": -Infinity"),
                                HasSubstr("\"c\": {}")));
}

TEST_F(CliVerbs, ModelsListsKindNameSizeAndFolder) {
  write("models/checkpoints/sub/one.safetensors", "12345");
  const CliResult result = call({"models", "--models", (home / "models").string(), "--json"});
  const std::vector<Json> models = result.events();
  const Json expected{{"kind", "checkpoints"},
                      {"name", "sub/one.safetensors"},
                      {"bytes", 5},
                      {"folder", (home / "models/checkpoints").string()}};
  EXPECT_THAT(models, ::testing::Contains(expected));
  EXPECT_THAT(call({"models", "--models", (home / "models").string()}).out,
              HasSubstr("sub/one.safetensors"));
}

TEST_F(CliVerbs, ModelRootsComeFromTheEnvironmentAndFromYaml) {
  write("a/loras/a.safetensors", "a");
  write("b/loras/b.safetensors", "b");
  write("c/styles/c.safetensors", "c");
  const std::string yaml =
      write("extra.yaml", "other:\n  base_path: " + (home / "c").string() + "\n  loras: styles\n");
  setenv("HEDDLE_MODELS", ((home / "a").string() + ":" + (home / "b").string()).c_str(), 1);
  const std::string out = call({"models", "--quiet", "--extra-model-paths", yaml}).out;
  unsetenv("HEDDLE_MODELS");
  EXPECT_THAT(out, AllOf(HasSubstr("a.safetensors\n"), HasSubstr("b.safetensors\n"),
                         HasSubstr("c.safetensors\n")));
}

TEST_F(CliVerbs, AComfyuiFolderIsTakenAsItIs) {
  write("comfy/models/loras/x.safetensors", "x");
  write("comfy/extra_model_paths.yaml",
        "other:\n  base_path: " + (home / "more").string() + "\n  loras: l\n");
  write("more/l/y.safetensors", "y");
  write("comfy/user/default/workflows/mine.json", read(home / "graph.json"));
  const std::string comfy = (home / "comfy").string();
  EXPECT_THAT(call({"models", "--quiet", "--comfyui", comfy}).out,
              AllOf(HasSubstr("x.safetensors\n"), HasSubstr("y.safetensors\n")));
  const CliResult result = call({"run", "mine", "--comfyui", comfy});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read(home / "comfy/output/word_1.txt"), "tulip/loud/3");
  std::filesystem::remove_all(home / "comfy/output");
  EXPECT_EQ(call({"run", "mine", "--comfyui", comfy, "--out", (home / "out").string()}).code, 0);
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3"));
  EXPECT_FALSE(std::filesystem::exists(home / "comfy/output"));
}

TEST_F(CliVerbs, InspectAsksTheBackendAboutModels) {
  const std::string file = write("m.safetensors", "model bytes");
  EXPECT_EQ(call({"inspect", file, "--json"}).events().at(0),
            (Json{{"kind", "checkpoint"}, {"family", "fake"}, {"bytes", 11}}));
  EXPECT_THAT(call({"inspect", file}).out,
              AllOf(HasSubstr("family: fake\n"), HasSubstr("bytes: 11 B\n")));
}

TEST_F(CliVerbs, InspectFindsAModelByName) {
  write("models/checkpoints/m.safetensors", "model bytes");
  EXPECT_EQ(call({"inspect", "m.safetensors", "--models", (home / "models").string()}).code, 0);
  EXPECT_THAT(call({"inspect", "n.safetensors"}).err, HasSubstr("there is no file n.safetensors"));
}

TEST_F(CliVerbs, InspectTellsWhatIsInAPicture) {
  Picture picture{.width = 3, .height = 2, .pixels = std::vector<uint16_t>(18, 128)};
  const std::string file =
      write("p.png", encode_png(picture, {{"prompt", "{}"}, {"heddle", R"({"heddle": "1"})"}}));
  const Json facts = call({"inspect", file, "--json"}).events().at(0);
  EXPECT_EQ(facts["width"], 3);
  EXPECT_EQ(facts["height"], 2);
  EXPECT_EQ(facts["texts"], (Json{{"prompt", 2}, {"heddle", 15}}));
  EXPECT_EQ(facts["heddle"], (Json{{"heddle", "1"}}));
}

TEST_F(CliVerbs, InspectRefusesWhatIsNeither) {
  const std::string file = write("notes.txt", "hello");
  const CliResult result = call({"inspect", file});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("notes.txt is no model"));
}

TEST_F(CliVerbs, CacheSaysHowMuchListsAndClears) {
  EXPECT_EQ(call({"cache", "--json"}).events().at(0)["entries"], 0);
  run("graph.json", {"--seed", "1..3"});
  EXPECT_EQ(call({"cache", "--json"}).events().at(0)["entries"], 3);
  EXPECT_THAT(call({"cache"}).out, ::testing::StartsWith("3 results, "));
  EXPECT_EQ(call({"cache", "list", "--json"}).events().size(), 3u);
  EXPECT_EQ(call({"cache", "list", "--json"}).events()[0]["key"].get<std::string>().size(), 64u);
  EXPECT_THAT(call({"cache", "clear"}).out, ::testing::StartsWith("cleared 3 results"));
  EXPECT_EQ(call({"cache", "--json"}).events().at(0)["entries"], 0);
  EXPECT_THAT(call({"cache", "lits"}).err, HasSubstr("did you mean \"list\"?"));
}

TEST_F(CliVerbs, LookingAtTheCacheDropsNothing) {
  run("graph.json", {"--seed", "1..3"});
  call({"cache", "--cache-disk", "0"});
  call({"explain", (home / "graph.json").string(), "--cache-disk", "0"});
  EXPECT_EQ(call({"cache", "--json"}).events().at(0)["entries"], 3);
}

TEST_F(CliVerbs, CompletionIsAScriptThatBashTakes) {
  const CliResult result = call({"completion", "bash"});
  EXPECT_EQ(result.code, 0);
  const std::string script = write("completion.sh", result.out);
  EXPECT_EQ(
      std::system(
          ("bash -c 'source " + script +
           "; COMP_WORDS=(heddle ex); COMP_CWORD=1; _heddle; [ \"${COMPREPLY[0]}\" = explain ]'")
              .c_str()),
      0);
  EXPECT_EQ(std::system(("bash -c 'source " + script +
                         "; COMP_WORDS=(heddle run --no-m); COMP_CWORD=2; _heddle; "
                         "[ \"${COMPREPLY[0]}\" = --no-metadata ]'")
                            .c_str()),
            0);
  EXPECT_EQ(call({"completion", "fish"}).code, 2);
}

}  // namespace
}  // namespace heddle::test
