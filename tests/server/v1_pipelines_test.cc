#include "tests/server/v1_testing.h"

namespace heddle::server::test {
namespace {

constexpr const char* kSum = R"({"heddle": "pipeline/1", "title": "Sum", "help": "Adds.",
  "inputs": {"a": {"type": "INT", "help": "One.", "min": 0, "max": 50, "to": ["1.value"]},
             "b": {"type": "INT", "default": 2, "help": "Other.", "to": ["2.value"]}},
  "outputs": {"sum": ["3", 0]},
  "graph": {"1": {"class_type": "Number", "inputs": {"value": 1}},
            "2": {"class_type": "Number", "inputs": {"value": 1}},
            "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
            "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}})";

std::string sum_with_default(int b) {
  Json document = parse_json(kSum);
  document["inputs"]["b"]["default"] = b;
  return document.dump();
}

Json run(V1Site& v1, const std::string& name, const std::string& body) {
  const Response response = v1.post("/v1/pipelines/" + name + "/runs?wait=30", body);
  EXPECT_EQ(response.status, 201) << response.body;
  return parse_json(response.body);
}

TEST(V1Pipelines, ASavedPipelineRunsWithItsInputs) {
  V1Site v1;
  const Response saved = v1.send("PUT", "/v1/pipelines/sum", kSum);
  EXPECT_EQ(saved.status, 201) << saved.body;
  EXPECT_EQ(parse_json(saved.body)["revision"], 1);
  const Json job = run(v1, "sum", R"({"inputs": {"a": 3}})");
  EXPECT_EQ(job["shown"]["4"]["number"], 5);
  EXPECT_EQ(job["pipeline"]["name"], "sum");
  EXPECT_EQ(job["pipeline"]["revision"], 1);
  EXPECT_EQ(job["pipeline"]["inputs"]["a"], 3);
}

TEST(V1Pipelines, AJobMayNameAPipeline) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  EXPECT_EQ(v1.run(R"({"pipeline": "sum@1", "inputs": {"a": 3, "b": 4}})")["shown"]["4"]["number"], 7);
  const Response unknown = v1.post("/v1/jobs", R"({"pipeline": "sun"})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_THAT(unknown.body, HasSubstr("did you mean \\\"sum\\\"?"));
  const Response no_such_revision = v1.post("/v1/jobs", R"({"pipeline": "sum@7"})");
  EXPECT_THAT(no_such_revision.body, HasSubstr("has no revision"));
}

TEST(V1Pipelines, ADocumentThatIsAPipelineRunsUnsaved) {
  V1Site v1;
  EXPECT_EQ(v1.run(std::string(R"({"inputs": {"a": 3}, "graph": )") + kSum + "}")["shown"]["4"]["number"], 5);
}

TEST(V1Pipelines, WrongInputsAreRefusedWithTheRightOnes) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  const Response response = v1.post("/v1/pipelines/sum/runs", R"({"inputs": {"aa": 1, "b": "two"}})");
  EXPECT_EQ(response.status, 422);
  const Json problem = parse_json(response.body);
  std::string kinds;
  for (const Json& one : problem["problems"]) kinds += one["kind"].get<std::string>() + " ";
  EXPECT_THAT(kinds, HasSubstr("undeclared_input"));
  EXPECT_THAT(kinds, HasSubstr("required_input_missing"));
  EXPECT_THAT(kinds, HasSubstr("invalid_input_type"));
  EXPECT_EQ(problem["inputs"]["properties"]["a"]["maximum"], 50);
  EXPECT_EQ(v1.post("/v1/pipelines/sum/runs", R"({"inputs": {"a": 51}})").status, 422);
  EXPECT_EQ(v1.post("/v1/pipelines/sum/runs", R"({"inputs": {"a": "3"}})").status, 422);
}

TEST(V1Pipelines, TheSchemaSaysWhatItTakes) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  const Json schema = parse_json(v1.get("/v1/pipelines/sum/schema").body);
  EXPECT_EQ(schema["required"], Json::array({"a"}));
  EXPECT_EQ(schema["properties"]["b"], Json({{"type", "integer"}, {"description", "Other."}, {"default", 2}}));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(parse_json(v1.get("/v1/pipelines/sum").body)["inputs"], schema);
}

TEST(V1Pipelines, OldRevisionsStayAsTheyWere) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/sum", kSum).status, 200);  // nothing new
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/sum", sum_with_default(10)).status, 201);
  EXPECT_EQ(run(v1, "sum", R"({"inputs": {"a": 3}})")["shown"]["4"]["number"], 13);
  EXPECT_EQ(run(v1, "sum@1", R"({"inputs": {"a": 3}})")["shown"]["4"]["number"], 5);
  const Json revisions = parse_json(v1.get("/v1/pipelines/sum/revisions").body)["revisions"];
  ASSERT_EQ(revisions.size(), 2);
  const std::string hash = revisions[0]["sha256"];
  EXPECT_EQ(parse_json(v1.get("/v1/pipelines/sum@" + hash.substr(0, 8)).body)["revision"], 1);
  EXPECT_EQ(parse_json(v1.get("/v1/pipelines/sum").body)["revision"], 2);
  EXPECT_EQ(v1.get("/v1/pipelines/sum@3").status, 404);
}

TEST(V1Pipelines, AFileEditedByHandIsANewRevision) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  write_text(v1.folder / "user/pipelines/sum.json", parse_json(kSum).dump(8));
  EXPECT_EQ(parse_json(v1.get("/v1/pipelines/sum").body)["revision"], 1);  // only its layout has changed
  write_text(v1.folder / "user/pipelines/sum.json", sum_with_default(20));
  EXPECT_EQ(parse_json(v1.get("/v1/pipelines/sum").body)["revision"], 2);
  EXPECT_EQ(run(v1, "sum", R"({"inputs": {"a": 3}})")["shown"]["4"]["number"], 23);
}

TEST(V1Pipelines, AFileThatSomebodyBrokeIsNamed) {
  V1Site v1;
  write_text(v1.folder / "user/pipelines/sum.json", "{");
  const Response response = v1.get("/v1/pipelines/sum");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr("sum.json"));
  EXPECT_EQ(v1.get("/v1/pipelines").status, 200);
  EXPECT_EQ(v1.post("/v1/pipelines/sum/runs", "{}").status, 422);
}

TEST(V1Pipelines, BundledOnesAreListedAndStay) {
  V1Site v1;
  write_text(v1.folder / "graphs/sum.pipeline.json", kSum);
  write_text(v1.folder / "graphs/plain.json", kShowGraph);
  const Json list = parse_json(v1.get("/v1/pipelines").body)["pipelines"];
  ASSERT_EQ(list.size(), 1);
  EXPECT_EQ(list[0]["read_only"], true);
  EXPECT_EQ(v1.send("DELETE", "/v1/pipelines/sum").status, 409);
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/sum", sum_with_default(9)).status, 201);  // hides it
  EXPECT_EQ(run(v1, "sum", R"({"inputs": {"a": 1}})")["shown"]["4"]["number"], 10);
  EXPECT_EQ(v1.send("DELETE", "/v1/pipelines/sum").status, 200);
  EXPECT_EQ(run(v1, "sum", R"({"inputs": {"a": 1}})")["shown"]["4"]["number"], 3);
}

TEST(V1Pipelines, ARemovedPipelineIsGoneWithItsRevisions) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  EXPECT_EQ(v1.send("DELETE", "/v1/pipelines/sum").status, 200);
  EXPECT_EQ(v1.get("/v1/pipelines/sum").status, 404);
  EXPECT_EQ(v1.get("/v1/pipelines/sum@1").status, 404);
  EXPECT_EQ(v1.get("/v1/pipelines/sum/revisions").status, 404);
  EXPECT_EQ(v1.send("DELETE", "/v1/pipelines/sum").status, 404);
}

TEST(V1Pipelines, NamesStayInTheirFolder) {
  V1Site v1;
  for (const char* name : {"..%2Fx", "%2Fetc%2Fx", "a%2F..%2Fb", ".hidden", "a%2F%2Fb", "a%5Cb", "a%40b", "x%0Ay"}) {
    EXPECT_EQ(v1.send("PUT", std::string("/v1/pipelines/") + name, kSum).status, 422) << name;
    EXPECT_EQ(v1.get(std::string("/v1/pipelines/") + name).status, 404) << name;
  }
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/mine%2Fsum", kSum).status, 201);
  EXPECT_TRUE(std::filesystem::exists(v1.folder / "user/pipelines/mine/sum.json"));
}

TEST(V1Pipelines, WhatIsNoPipelineIsNotSaved) {
  V1Site v1;
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/x", kShowGraph).status, 422);
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/x", "{").status, 400);
  const Response broken =
      v1.send("PUT", "/v1/pipelines/x",
              R"({"heddle": "pipeline/1", "graph": {}, "inputs": {"a": {"type": "INTEGER", "to": ["9.x"]}}})");
  EXPECT_EQ(broken.status, 422);
  EXPECT_EQ(parse_json(broken.body)["problems"].size(), 2);
  EXPECT_EQ(v1.get("/v1/pipelines/x").status, 404);
}

TEST(V1Pipelines, IfMatchRefusesAStaleSave) {
  V1Site v1;
  const std::string tag = header_of(v1.send("PUT", "/v1/pipelines/sum", kSum), "ETag");
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/sum", sum_with_default(4), {{"if-match", tag}}).status, 201);
  EXPECT_EQ(v1.send("PUT", "/v1/pipelines/sum", sum_with_default(5), {{"if-match", tag}}).status, 412);
}

TEST(V1Pipelines, APipelineIsAStepAlsoByRevision) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  v1.send("PUT", "/v1/pipelines/sum", sum_with_default(10));
  const auto graph = [](const std::string& name) {
    return R"({"p": {"class_type": "Pipeline/)" + name + R"(", "inputs": {"a": 1}},
               "s": {"class_type": "Show", "inputs": {"number": ["p", 0]}}})";
  };
  EXPECT_EQ(v1.run(graph("sum"))["shown"]["s"]["number"], 11);
  EXPECT_EQ(v1.run(graph("sum@1"))["shown"]["s"]["number"], 3);
}

TEST(V1Pipelines, AnUnknownOneIs404WithTheNearestName) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  const Response response = v1.post("/v1/pipelines/sun/runs", "{}");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("sum"));
  EXPECT_EQ(v1.post("/v1/pipelines/sum@9/runs", "{}").status, 404);
}

TEST(V1Pipelines, ARunHasNoGraphOfItsOwn) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/sum", kSum);
  EXPECT_EQ(v1.post("/v1/pipelines/sum/runs", std::string(R"({"graph": )") + kShowGraph + "}").status, 422);
}

TEST(V1Pipelines, APictureMayComeInTheInputs) {
  V1Site v1;
  v1.send("PUT", "/v1/pipelines/copy",
          R"({"heddle": "pipeline/1", "inputs": {"image": {"type": "IMAGE", "to": ["1.image"]}},
    "outputs": {}, "graph": {"1": {"class_type": "Copy", "inputs": {"image": ""}}}})");
  const Json job = run(v1, "copy", R"({"inputs": {"image": {"base64": ")" + pixel_base64() + R"("}}})");
  EXPECT_EQ(job["state"], "succeeded") << job.dump();
  EXPECT_EQ(job["pipeline"]["inputs"]["image"]["blob"].get<std::string>().size(), 64);
}

}  // namespace
}  // namespace heddle::server::test
