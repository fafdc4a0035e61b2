#include "tests/server/v1_testing.h"

namespace heddle::server::test {
namespace {

std::string id_of(const Response& response) { return parse_json(response.body).value("id", ""); }

TEST(V1Jobs, AGraphIsTakenWithItsAddress) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs", kShowGraph);
  EXPECT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(header_of(response, "Location"), "/v1/jobs/" + id_of(response));
}

TEST(V1Jobs, AWaitedJobIsAnsweredAsItEnded) {
  V1Site v1;
  const Json job = v1.run(std::string(R"({"graph": )") + kShowGraph + "}");
  EXPECT_EQ(job["state"], "succeeded");
  EXPECT_EQ(job["shown"]["2"]["number"], 7);
  EXPECT_EQ(job["steps_run"], 2);
  EXPECT_EQ(job["created"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(job["steps"][0]["state"], "finished");
}

TEST(V1Jobs, AWaitThatIsTooShortGivesTheJobAsItRuns) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs?wait=1", v1.waiting_graph());
  EXPECT_EQ(response.status, 202);
  const Json job = parse_json(response.body);
  EXPECT_EQ(job["state"], "running");
  EXPECT_EQ(job["steps"][0]["state"], "running");
  EXPECT_GT(job["progress"]["value"], 0);
  v1.release();
}

TEST(V1Jobs, AWrongWaitIsRefused) {
  V1Site v1;
  for (const char* wait : {"301", "-1", "soon", "1.5", ""}) {
    const Response response = v1.post(std::string("/v1/jobs?wait=") + wait, kShowGraph);
    EXPECT_EQ(response.status, 400) << wait;
    EXPECT_EQ(response.type, "application/problem+json");
  }
}

TEST(V1Jobs, AGraphWithProblemsIsRefusedWithAllOfThem) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs", R"({"1": {"class_type": "Number", "inputs": {"value": 700}},
    "2": {"class_type": "Sho", "inputs": {"number": ["9", 0]}}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.type, "application/problem+json");
  const Json problem = parse_json(response.body);
  EXPECT_EQ(problem["status"], 422);
  std::string kinds;
  for (const Json& one : problem["problems"]) {
    kinds += one["step"].get<std::string>() + " " + one["kind"].get<std::string>() + "\n";
  }
  EXPECT_THAT(kinds, HasSubstr("unknown_node"));
  EXPECT_THAT(response.body, HasSubstr("did you mean \\\"Show\\\"?"));
  EXPECT_TRUE(v1.jobs.queue().pending.empty());
}

TEST(V1Jobs, ABodyThatIsNoJsonIs400AndSaysWhere) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs", "{\"1\": ");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("line 1"));
}

TEST(V1Jobs, AMistypedFieldIsNotPassedOverInSilence) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs", std::string(R"({"prioritiy": 3, "graph": )") + kShowGraph + "}");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr("did you mean \\\"priority\\\"?"));
}

TEST(V1Jobs, FieldsOfAnotherTypeAreAllReported) {
  V1Site v1;
  const Response response = v1.post("/v1/jobs", std::string(R"({"priority": "high", "targets": "2", "metadata": 1,
    "client_id": 5, "id": "a b", "webhook": "x", "inputs": [], "graph": )") +
                                                    kShowGraph + "}");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(parse_json(response.body)["problems"].size(), 7) << response.body;
}

TEST(V1Jobs, TheSameKeyGivesTheSameJob) {
  V1Site v1;
  const Fields key{{"idempotency-key", "k1"}};
  const Response first = v1.post("/v1/jobs", kShowGraph, key), again = v1.post("/v1/jobs", kShowGraph, key);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(id_of(first), id_of(again));
  const Response other = v1.post("/v1/jobs", kSaveGraph, key);
  EXPECT_EQ(other.status, 409);
  EXPECT_THAT(other.body, HasSubstr("idempotency_conflict"));
}

TEST(V1Jobs, AnIdOfOnesOwnIsTakenOnce) {
  V1Site v1;
  const std::string body = std::string(R"({"id": "mine", "graph": )") + kShowGraph + "}";
  EXPECT_EQ(id_of(v1.post("/v1/jobs", body)), "mine");
  EXPECT_EQ(v1.post("/v1/jobs", body).status, 409);
}

TEST(V1Jobs, AFullQueueSaysWhenToComeAgain) {
  V1Site v1({.max_queue = 1});
  v1.start_waiting();
  Response response;
  for (int k = 0; k < 3 && response.status != 429; ++k) response = v1.post("/v1/jobs", kShowGraph);
  EXPECT_EQ(response.status, 429);
  EXPECT_FALSE(header_of(response, "Retry-After").empty());
  v1.release();
}

TEST(V1Jobs, WhoAcceptsAPictureGetsTheFileItself) {
  V1Site v1;
  const std::string graph =
      R"({"graph": {"1": {"class_type": "Copy", "inputs": {"image": {"base64": ")" + pixel_base64() + R"("}}}}})";
  const Response response = v1.post("/v1/jobs?wait=30", graph, {{"accept", "image/png"}});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.type, "image/png");
  ASSERT_TRUE(response.file);
  EXPECT_EQ(response.file->filename(), "copy_1.png");
}

TEST(V1Jobs, WhoAcceptsAPictureIsToldWhyThereIsNone) {
  V1Site v1;
  const Fields accept{{"accept", "image/png"}};
  const Response none = v1.post("/v1/jobs?wait=30", kShowGraph, accept);
  EXPECT_EQ(none.status, 406);
  const Response failed = v1.post("/v1/jobs?wait=30", R"({"1": {"class_type": "Number", "inputs": {"value": 1}},
    "2": {"class_type": "Fail", "inputs": {"a": ["1", 0]}},
    "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}})",
                                  accept);
  EXPECT_EQ(failed.status, 500);
  EXPECT_THAT(failed.body, HasSubstr("the well is dry"));
  EXPECT_EQ(failed.type, "application/problem+json");
}

TEST(V1Jobs, AFailedJobNamesStepNodeAndReason) {
  V1Site v1;
  const Json job = v1.run(R"({"1": {"class_type": "Number", "inputs": {"value": 1}},
    "2": {"class_type": "Fail", "inputs": {"a": ["1", 0]}},
    "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}})");
  EXPECT_EQ(job["state"], "failed");
  EXPECT_EQ(job["error"]["step"], "2");
  EXPECT_EQ(job["error"]["node"], "Fail");
  EXPECT_EQ(job["error"]["message"], "the well is dry");
  EXPECT_EQ(job["steps"][1]["state"], "failed");
}

TEST(V1Jobs, AnUnknownJobIs404OnEveryRoute) {
  V1Site v1;
  EXPECT_EQ(v1.get("/v1/jobs/nobody").status, 404);
  EXPECT_EQ(v1.get("/v1/jobs/nobody/events").status, 404);
  EXPECT_EQ(v1.get("/v1/jobs/nobody/graph").status, 404);
  EXPECT_EQ(v1.get("/v1/jobs/nobody/outputs/0").status, 404);
  EXPECT_EQ(v1.send("DELETE", "/v1/jobs/nobody").status, 404);
  EXPECT_EQ(v1.send("PATCH", "/v1/jobs/nobody", "{\"priority\": 1}").status, 404);
  EXPECT_EQ(v1.post("/v1/jobs/nobody/retry", "").status, 404);
}

TEST(V1Jobs, CancellingAWaitingJobLeavesTheRunningOneAlone) {
  V1Site v1;
  const std::string running = v1.start_waiting();
  const std::string waiting = id_of(v1.post("/v1/jobs", kShowGraph));
  EXPECT_EQ(parse_json(v1.get("/v1/jobs/" + waiting).body)["position"], 0);
  EXPECT_EQ(parse_json(v1.send("DELETE", "/v1/jobs/" + waiting).body)["outcome"], "cancelled");
  EXPECT_EQ(parse_json(v1.get("/v1/jobs/" + waiting).body)["state"], "cancelled");
  EXPECT_EQ(parse_json(v1.get("/v1/jobs/" + running).body)["state"], "running");
  EXPECT_EQ(parse_json(v1.send("DELETE", "/v1/jobs/" + waiting).body)["outcome"], "already_finished");
  v1.release();
}

TEST(V1Jobs, ARunningJobStops) {
  V1Site v1;
  const std::string running = v1.start_waiting();
  EXPECT_EQ(parse_json(v1.send("DELETE", "/v1/jobs/" + running).body)["outcome"], "cancelled");
  v1.stream("/v1/jobs/" + running + "/events")->wait_for("event: cancelled");
  EXPECT_EQ(parse_json(v1.get("/v1/jobs/" + running).body)["state"], "cancelled");
}

TEST(V1Jobs, OutputsHaveHashSizeTypeAndAddress) {
  V1Site v1;
  const Json job = v1.run(kSaveGraph);
  ASSERT_EQ(job["outputs"].size(), 1) << job.dump();
  const Json& output = job["outputs"][0];
  EXPECT_EQ(output["filename"], "note_1.txt");
  EXPECT_EQ(output["bytes"], 5);
  EXPECT_EQ(output["sha256"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(output["type"], "text/plain");
  const Response file = v1.get(output["url"]);
  ASSERT_TRUE(file.file) << file.body;
  EXPECT_EQ(*file.file, v1.folder / "output/note_1.txt");
  EXPECT_TRUE(v1.get(output["blob"]).file);
  EXPECT_EQ(v1.get(job["url"].get<std::string>() + "/outputs/1").status, 404);
}

TEST(V1Jobs, AnOutputThatWasReplacedIsNotServedAsIfItWere) {
  V1Site v1;
  const Json job = v1.run(kSaveGraph);
  write_text(v1.folder / "output/note_1.txt", "something else");
  EXPECT_EQ(v1.get(job["outputs"][0]["url"]).status, 404);
  EXPECT_EQ(v1.get(job["outputs"][0]["blob"]).status, 404);
}

TEST(V1Jobs, RemovingResultsRemovesRecordAndFiles) {
  V1Site v1;
  const Json job = v1.run(kSaveGraph);
  const std::string url = job["url"];
  EXPECT_EQ(parse_json(v1.send("DELETE", url).body)["outcome"], "already_finished");
  EXPECT_TRUE(std::filesystem::exists(v1.folder / "output/note_1.txt"));
  const Json removed = parse_json(v1.send("DELETE", url + "?results=true").body);
  EXPECT_EQ(removed["outcome"], "removed");
  EXPECT_EQ(removed["files_removed"], 1);
  EXPECT_FALSE(std::filesystem::exists(v1.folder / "output/note_1.txt"));
  EXPECT_EQ(v1.get(url).status, 404);
}

TEST(V1Jobs, AFileThatTwoJobsListStaysWithTheOther) {
  V1Site v1;
  const Json one = v1.run(kSaveGraph), two = v1.run(kSaveGraph);
  ASSERT_EQ(two["outputs"][0]["sha256"], one["outputs"][0]["sha256"]);
  EXPECT_EQ(v1.send("DELETE", one["url"].get<std::string>() + "?results=true").status, 200);
  EXPECT_TRUE(v1.get(two["outputs"][0]["url"]).file);
}

TEST(V1Jobs, RetryMakesANewJobOfTheSameRequest) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  const Response response = v1.post(job["url"].get<std::string>() + "/retry?wait=30", "");
  EXPECT_EQ(response.status, 201) << response.body;
  const Json again = parse_json(response.body);
  EXPECT_NE(again["id"], job["id"]);
  EXPECT_EQ(again["shown"], job["shown"]);
}

TEST(V1Jobs, PagesCoverAllJobsOnce) {
  V1Site v1;
  std::set<std::string> made, listed;
  for (int k = 0; k < 5; ++k) made.insert(v1.run(kShowGraph)["id"]);
  std::string address = "/v1/jobs?limit=2&state=succeeded";
  for (int page = 0; !address.empty() && page < 10; ++page) {
    const Json body = parse_json(v1.get(address).body);
    EXPECT_LE(body["jobs"].size(), 2);
    for (const Json& job : body["jobs"]) EXPECT_TRUE(listed.insert(job["id"]).second);
    address = body.value("next", "");
  }
  EXPECT_EQ(made, listed);
  EXPECT_EQ(parse_json(v1.get("/v1/jobs?state=failed").body)["jobs"].size(), 0);
  EXPECT_EQ(v1.get("/v1/jobs?state=lost").status, 400);
  EXPECT_EQ(v1.get("/v1/jobs?limit=0").status, 400);
  EXPECT_EQ(v1.get("/v1/jobs?after=x").status, 400);
}

TEST(V1Jobs, WaitingJobsMoveAndTheQueueTells) {
  V1Site v1;
  v1.start_waiting();
  const std::string first = id_of(v1.post("/v1/jobs", kShowGraph)), second = id_of(v1.post("/v1/jobs", kSaveGraph));
  EXPECT_EQ(parse_json(v1.send("PATCH", "/v1/jobs/" + second, R"({"position": 0})").body)["position"], 0);
  const Json queue = parse_json(v1.get("/v1/queue").body);
  EXPECT_EQ(queue["remaining"], 3);
  EXPECT_EQ(queue["running"].size(), 1);
  EXPECT_EQ(queue["queued"][0]["id"], second);
  EXPECT_EQ(queue["queued"][1]["id"], first);
  EXPECT_EQ(v1.send("PATCH", "/v1/jobs/" + first, "{}").status, 422);
  v1.release();
}

TEST(V1Jobs, AHigherPriorityRunsFirst) {
  V1Site v1;
  v1.start_waiting();
  v1.post("/v1/jobs", kShowGraph);
  const std::string urgent = id_of(v1.post("/v1/jobs", std::string(R"({"priority": 5, "graph": )") + kSaveGraph + "}"));
  EXPECT_EQ(parse_json(v1.get("/v1/queue").body)["queued"][0]["id"], urgent);
  v1.release();
}

TEST(V1Jobs, AFinishedJobDoesNotMove) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  EXPECT_EQ(v1.send("PATCH", job["url"], R"({"priority": 1})").status, 409);
}

TEST(V1Jobs, ThePausedQueueTakesJobsAndRunsNone) {
  V1Site v1;
  EXPECT_EQ(parse_json(v1.send("PATCH", "/v1/queue", R"({"paused": true})").body)["paused"], true);
  const Response response = v1.post("/v1/jobs?wait=1", kShowGraph);
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(parse_json(response.body)["state"], "queued");
  v1.send("PATCH", "/v1/queue", R"({"paused": false})");
  v1.stream("/v1/jobs/" + id_of(response) + "/events")->wait_for("event: succeeded");
  EXPECT_EQ(v1.send("PATCH", "/v1/queue", "{}").status, 422);
}

TEST(V1Jobs, InputsOfAPlainGraphNameSteps) {
  V1Site v1;
  const Json job = v1.run(std::string(R"({"inputs": {"1.value": 9}, "graph": )") + kShowGraph + "}");
  EXPECT_EQ(job["shown"]["2"]["number"], 9);
  const Response wrong = v1.post("/v1/jobs", std::string(R"({"inputs": {"5.value": 9}, "graph": )") + kShowGraph + "}");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(wrong.body, HasSubstr("STEP.SOCKET"));
}

TEST(V1Jobs, WebhooksGoOnlyWhereTheyAreAllowed) {
  V1Site v1;
  const auto body = [](const std::string& url) {
    return R"({"webhook": {"url": ")" + url + R"("}, "graph": )" + kShowGraph + "}";
  };
  const Response refused = v1.post("/v1/jobs", body("http://10.0.0.1/x"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("--webhook-host"));
  EXPECT_EQ(v1.post("/v1/jobs", body("http://hooks.lan/x")).status, 201);
}

TEST(V1Jobs, ASecretIsNotTold) {
  V1Site v1;
  const Response response =
      v1.post("/v1/jobs", std::string(R"({"webhook": {"url": "http://hooks.lan/", "secret": "hush"}, "graph": )") +
                              kShowGraph + "}");
  EXPECT_THAT(response.body, Not(HasSubstr("hush")));
  EXPECT_THAT(v1.get("/v1/jobs").body, Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace heddle::server::test
