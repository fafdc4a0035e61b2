#include "engine/server/openapi.h"
#include "tests/server/v1_testing.h"

namespace heddle::server::test {
namespace {

TEST(V1Graphs, CheckTellsAllAndRunsNothing) {
  V1Site v1;
  EXPECT_EQ(parse_json(v1.post("/v1/check", kShowGraph).body),
            Json({{"ok", true}, {"problems", Json::array()}, {"warnings", Json::array()}}));
  const Json bad = parse_json(v1.post("/v1/check", R"({"1": {"class_type": "Number", "inputs": {"value": 101}},
    "2": {"class_type": "Show", "inputs": {"number": ["1", 3]}}})")
                                  .body);
  EXPECT_EQ(bad["ok"], false);
  EXPECT_EQ(bad["problems"].size(), 2);
  EXPECT_EQ(v1.jobs.remaining(), 0);
}

TEST(V1Graphs, ExplainSaysWhatRunsAndWhy) {
  V1Site v1;
  const Json first = parse_json(v1.post("/v1/explain", kShowGraph).body);
  EXPECT_EQ(first["steps"][0]["action"], "run");
  EXPECT_EQ(first["steps"][0]["reason"], "first run of this graph");
  v1.run(kShowGraph);
  const Json again = parse_json(v1.post("/v1/explain", kShowGraph).body);
  EXPECT_EQ(again["steps"][0]["reason"], "what needs it is cached");
  EXPECT_EQ(again["steps"][1]["action"], "cached");
  const Json changed = parse_json(v1.post("/v1/explain", R"({"1": {"class_type": "Number", "inputs": {"value": 8}},
    "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})")
                                      .body);
  EXPECT_EQ(changed["steps"][0]["reason"], "value 7 -> 8");
  EXPECT_THAT(changed["compared_with"].get<std::string>(), HasSubstr("/v1/jobs/"));
  EXPECT_EQ(v1.post("/v1/explain", "{}").status, 422);
}

TEST(V1Graphs, NodesAreListedWithTheirSockets) {
  V1Site v1;
  const Json nodes = parse_json(v1.get("/v1/nodes").body)["nodes"];
  EXPECT_EQ(nodes.size(), v1.registry.names().size());
  const Json node = parse_json(v1.get("/v1/nodes/Plus").body);
  EXPECT_EQ(node["name"], "Plus");
  EXPECT_EQ(node["other_names"], Json::array({"Add"}));
  EXPECT_EQ(node["inputs"][1]["name"], "b");
  EXPECT_EQ(node["inputs"][1]["required"], false);
  EXPECT_EQ(node["outputs"][0]["type"], "INT");
  write_text(v1.folder / "input/cat.png", "x");
  EXPECT_EQ(parse_json(v1.get("/v1/nodes/Copy").body)["inputs"][0]["choices"], Json::array({"cat.png"}));
  const Response unknown = v1.get("/v1/nodes/Nummber");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("did you mean \\\"Number\\\"?"));
}

TEST(V1Graphs, ModelsTellFamilyAndAHashThatIsKnown) {
  V1Site v1;
  write_text(v1.folder / "models/loras/ink.safetensors", "model");
  write_text(v1.folder / "models/loras/sub/bad.safetensors", "rubbish");
  write_text(v1.folder / "models/loras/ink.preview.png", "looked for by its name alone");
  const Json models = parse_json(v1.get("/v1/models?kind=loras").body)["models"];
  ASSERT_EQ(models.size(), 2);
  EXPECT_EQ(models[0]["name"], "ink.safetensors");
  EXPECT_EQ(models[0]["family"], "fake");
  EXPECT_FALSE(models[0].contains("sha256"));
  EXPECT_FALSE(models[1].contains("preview"));
  EXPECT_EQ(models[0]["preview"], "/experiment/models/preview/loras/0/ink.safetensors");
  EXPECT_THAT(models[1]["problem"].get<std::string>(), HasSubstr("is no model"));
  const Json model = parse_json(v1.get("/v1/models/loras/ink.safetensors?hash=true").body);
  EXPECT_EQ(model["sha256"].get<std::string>().size(), 64);
  EXPECT_EQ(model["facts"]["kind"], "checkpoint");
  EXPECT_EQ(v1.get("/v1/models/loras/sub/bad.safetensors").status, 200);
  EXPECT_EQ(v1.get("/v1/models/loras/ik.safetensors").status, 404);
  EXPECT_EQ(v1.get("/v1/models/loras/..%2F..%2Fdb%2Fheddle.db").status, 404);
  EXPECT_EQ(v1.get("/v1/models?kind=cats").status, 404);
}

TEST(V1System, SaysWhatRunsHere) {
  V1Site v1;
  const Json system = parse_json(v1.get("/v1/system").body);
  EXPECT_EQ(system["processor"], "abacus");
  EXPECT_EQ(system["queue"]["paused"], false);
  EXPECT_GT(system["memory"]["resident_bytes"], 0);
}

TEST(Health, IsAliveAndReady) {
  V1Site v1;
  EXPECT_EQ(v1.get("/healthz").status, 200);
  EXPECT_EQ(v1.get("/readyz").status, 200);
}

TEST(MetricsRoute, CountsWhatHappened) {
  V1Site v1;
  v1.run(kShowGraph);
  const Json again = v1.run(R"({"1": {"class_type": "Number", "inputs": {"value": 7}},
    "2": {"class_type": "Add", "inputs": {"a": ["1", 0]}}, "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}})");
  v1.stream("/v1/events?after=0")
      ->wait_for("\"job\":\"" + again["id"].get<std::string>() + "\",\"type\":\"succeeded\"");
  const std::string text = v1.get("/metrics").body;
  for (const char* line :
       {"heddle_queue_length 0\n", "heddle_jobs{state=\"succeeded\"} 2\n", "heddle_jobs_accepted_total 2\n",
        "heddle_step_seconds_count{node=\"Number\"} 1\n", "heddle_step_seconds_bucket{node=\"Number\",le=\"+Inf\"} 1\n",
        "heddle_steps_cached_total{tier=\"memory\"} 1\n", "heddle_cache_entries{tier=\"memory\"} 2\n",
        "# TYPE heddle_step_seconds histogram\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// Every line is a comment or NAME{LABELS} NUMBER, and a family's lines stand together.
TEST(MetricsRoute, IsPrometheusText) {
  V1Site v1;
  v1.run(kShowGraph);
  std::istringstream lines(v1.get("/metrics").body);
  std::set<std::string> families;
  std::string family, line;
  while (std::getline(lines, line)) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << line;
    }
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(line.starts_with(family)) << line;
    const size_t space = line.rfind(' ');
    EXPECT_NO_THROW(std::stod(line.substr(space + 1))) << line;
  }
}

TEST(Histogram, CountsUpToEachBound) {
  Histogram histogram;
  for (const double value : {0.001, 0.3, 0.5, 1000.0}) histogram.add(value);
  const std::string text = histogram.text("x", "");
  EXPECT_THAT(text, HasSubstr("x_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("x_bucket{le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("x_bucket{le=\"600\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("x_bucket{le=\"+Inf\"} 4\nx_sum 1000.801\nx_count 4\n"));
}

TEST(LabelValue, IsEscaped) { EXPECT_EQ(label_value("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\""); }

TEST(OpenApi, ListsEveryRouteWithItsParameters) {
  V1Site v1;
  const Json document = parse_json(v1.get("/v1/openapi.json").body);
  EXPECT_EQ(document["openapi"], "3.1.0");
  size_t described = 0, ids = 0;
  std::set<std::string> names;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      ++described;
      ids += names.insert(operation["operationId"]).second;
      EXPECT_FALSE(operation["summary"].get<std::string>().empty());
      EXPECT_FALSE(operation["responses"].empty()) << path;
    }
  }
  size_t routes = 0;
  for (const Route& route : v1.routes.all()) routes += route.pattern.starts_with("/v1/");
  EXPECT_EQ(described, routes);
  EXPECT_EQ(ids, described);
  EXPECT_EQ(document["paths"]["/v1/jobs/{id}/outputs/{number}"]["get"]["parameters"].size(), 2);
}

void check_references(const Json& json, const Json& schemas) {
  if (json.is_object() && json.contains("$ref")) {
    const std::string reference = json["$ref"];
    EXPECT_TRUE(schemas.contains(reference.substr(reference.rfind('/') + 1))) << reference;
  }
  for (const Json& inner : json) {
    if (inner.is_structured()) check_references(inner, schemas);
  }
}

TEST(OpenApi, RefersOnlyToWhatIsThere) {
  V1Site v1;
  const Json document = parse_json(v1.get("/v1/openapi.json").body);
  check_references(document, document["components"]["schemas"]);
}

TEST(OpenApi, ThePageLoadsNothing) {
  V1Site v1;
  const Response page = v1.get("/v1/docs");
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  for (const char* word : {"<script", "src=", "http://", "https://", "<link"}) {
    EXPECT_THAT(page.body, Not(HasSubstr(word)));
  }
  EXPECT_THAT(page.body, HasSubstr("/v1/jobs/{id}/events"));
}

}  // namespace
}  // namespace heddle::server::test
