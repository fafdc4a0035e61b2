#include "engine/jobs/job_service.h"

#include <gmock/gmock.h>

#include "engine/key.h"
#include "tests/jobs/service_testing.h"

namespace heddle::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const char* const kSave = R"({"1": {"class_type": "SaveText", "inputs": {"text": "hello"}}})";
const char* const kSum = R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                             "2": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": 4}},
                             "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}})";
const char* const kSlow = R"({"1": {"class_type": "Slow", "inputs": {"steps": 100000, "milliseconds": 5}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";
const char* const kFail = R"({"1": {"class_type": "Fail", "inputs": {"a": 1}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> ids(const std::vector<std::shared_ptr<const JobRecord>>& jobs) {
  std::vector<std::string> ids;
  for (const auto& job : jobs) ids.push_back(job->id);
  return ids;
}

TEST(JobService, RunsAJobAndTellsOfItInOrder) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  const std::string id = server.submit(kSum).id;
  const JobRecord job = server.wait(id);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(job.result["outputs"]["3"]["number"], 7);
  server.heard.wait_for(id, "succeeded");
  EXPECT_EQ(server.heard.kept(id), "queued started cached step_finished step_finished step_finished succeeded");
  int64_t last = 0;
  for (const JobEvent& event : server.heard.of(id)) {
    if (event.number == 0) continue;
    EXPECT_GT(event.number, last);
    last = event.number;
  }
  EXPECT_EQ(server.store->events(id, 0, 100).size(), 7u);
}

TEST(JobService, ASavedFileIsServedWhileItIsThere) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  EXPECT_EQ(server.wait(server.submit(kSave).id).result["ran"], 1);
  const JobRecord again = server.wait(server.submit(kSave).id);
  EXPECT_EQ(again.result["ran"], 0);
  EXPECT_EQ(again.result["outputs"]["1"]["texts"][0]["filename"], "text_1.txt");
  EXPECT_EQ(again.result["cached_steps"], Json({"1"}));
  EXPECT_THAT(again.result["files"], SizeIs(1));
  EXPECT_THAT(files_in(data / "output"), ElementsAre("text_1.txt"));

  write_text(data / "output/text_1.txt", "other");  // not what was saved any more
  EXPECT_EQ(server.wait(server.submit(kSave).id).result["ran"], 1);
  EXPECT_THAT(files_in(data / "output"), ElementsAre("text_1.txt", "text_2.txt"));
}

TEST(JobService, AFailureSaysWhereAndWhy) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  const JobRecord job = server.wait(server.submit(kFail).id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.result["error"]["step"], "1");
  EXPECT_EQ(job.result["error"]["node"], "Fail");
  EXPECT_THAT(job.result["error"]["message"].get<std::string>(), HasSubstr("the well is dry"));
  EXPECT_EQ(server.wait(server.submit(kSum).id).state, JobState::kSucceeded);  // the queue goes on
}

TEST(JobService, CancelMeansThisJob) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  const std::string running = server.submit(kSlow).id, waiting = server.submit(kSum).id, last = server.submit(kSum).id;
  server.heard.wait_for(running, "progress");
  EXPECT_EQ(server.cancel("nobody"), CancelOutcome::kUnknown);
  EXPECT_EQ(server.cancel(waiting), CancelOutcome::kCancelled);
  EXPECT_EQ(server.service.find(running)->state, JobState::kRunning);
  server.service.interrupt(last);  // it does not run
  EXPECT_EQ(server.cancel(running), CancelOutcome::kCancelled);
  EXPECT_EQ(server.wait(running).state, JobState::kCancelled);
  EXPECT_EQ(server.wait(last).state, JobState::kSucceeded);
  EXPECT_EQ(server.cancel(last), CancelOutcome::kAlreadyOver);
  EXPECT_EQ(server.heard.kept(waiting), "queued cancelled");
}

TEST(JobService, CancelPendingLeavesTheRunningJobAlone) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  const std::string running = server.submit(kSlow).id;
  server.heard.wait_for(running, "progress");
  server.service.cancel_pending(running, [](CancelOutcome) {});
  EXPECT_EQ(server.service.find(running)->state, JobState::kRunning);
  server.service.interrupt();
  EXPECT_EQ(server.wait(running).state, JobState::kCancelled);
}

TEST(JobService, TheQueueIsRunByPriorityThenNumberAndCanBeChanged) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.pause(true);
  server.service.start();
  const auto a = server.submit(kSum), b = server.submit(kSum), c = server.submit(kSum);
  const auto front = server.submit(kSum, {.front = true});
  const auto urgent = server.submit(kSum, {.priority = 1});
  EXPECT_LT(front.place.number, 0);
  EXPECT_THAT(ids(server.service.queue().pending), ElementsAre(urgent.id, front.id, a.id, b.id, c.id));
  server.service.move(c.id, std::nullopt, 1);
  server.service.move(a.id, 2, std::nullopt);
  EXPECT_THAT(ids(server.service.queue().pending), ElementsAre(a.id, urgent.id, front.id, c.id, b.id));
  EXPECT_TRUE(server.service.queue().paused);
  server.service.pause(false);
  for (const auto& job : {a, b, c, front, urgent}) EXPECT_EQ(server.wait(job.id).state, JobState::kSucceeded);
  EXPECT_EQ(server.service.move(a.id, 1, std::nullopt), std::nullopt);
}

TEST(JobService, AFullQueueRefusesInWords) {
  const TemporaryFolder data;
  FakeServer server(data, {.max_queue = 2});
  server.service.pause(true);
  server.service.start();
  server.submit(kSum);
  server.submit(kSum);
  EXPECT_THROW(server.submit(kSum), QueueFull);
}

TEST(JobService, WaitingJobsAndTheirOrderOutliveTheServer) {
  const TemporaryFolder data;
  std::string first, second, third;
  {
    FakeServer server(data);
    server.service.pause(true);
    server.service.start();
    first = server.submit(kSum).id;
    second = server.submit(kSum).id;
    server.service.move(second, std::nullopt, 0);
  }
  FakeServer server(data);
  server.service.start();
  EXPECT_TRUE(server.service.queue().paused);  // a paused queue stays so
  third = server.submit(kSum).id;
  EXPECT_THAT(ids(server.service.queue().pending), ElementsAre(second, first, third));
  server.service.pause(false);
  for (const auto& job : {first, second, third}) EXPECT_EQ(server.wait(job).state, JobState::kSucceeded);
}

TEST(JobService, ARunningJobIsPutBackWhenTheServerStops) {
  const TemporaryFolder data;
  std::string id;
  {
    FakeServer server(data);
    server.service.start();
    id = server.submit(kSlow).id;
    server.heard.wait_for(id, "progress");
  }
  FakeServer server(data);
  EXPECT_EQ(server.store->find(id)->state, JobState::kQueued);
  EXPECT_EQ(server.store->find(id)->crashes, 0);
}

TEST(JobService, AJobThatTakesTheServerDownIsGivenUpInWords) {
  const TemporaryFolder data;
  const std::string id = "the-job";
  for (int crash = 0; crash <= 5; ++crash) {
    FakeServer server(data);
    if (crash == 0) {
      accept_and_wait(*server.store, {.id = id, .request = {{"graph", parse_json(kSum)}}, .created = 1}, {});
    } else {
      server.service.pause(true);
      server.service.start();
      EXPECT_EQ(server.store->find(id)->state, crash < 5 ? JobState::kQueued : JobState::kFailed) << crash;
    }
    if (crash < 5) {  // as if it was running when the server died
      server.store->start(id, 5, [](int64_t, std::exception_ptr) {});
      server.store->flush();
    }
  }
  FakeServer server(data);
  EXPECT_THAT(server.store->find(id)->result["error"]["message"].get<std::string>(), HasSubstr("5 times in a row"));
}

TEST(JobService, FilesOfAStepThatHadNotFinishedAreSavedOnce) {
  const TemporaryFolder data;
  Hasher hasher;
  const std::string hash = hasher.add_raw("hello", 5).finish().hex();
  {
    FakeServer server(data);
    accept_and_wait(*server.store, {.id = "job", .request = {{"graph", parse_json(kSave)}}, .created = 1}, {});
    server.store->start("job", 5, [](int64_t, std::exception_ptr) {});
    server.store->intend({"job", data / "output/text_1.txt", hash}, [](std::exception_ptr) {});
    server.store->intend({"job", data / "output/kept.txt", hash}, [](std::exception_ptr) {});
    server.store->flush();
  }
  write_text(data / "output/text_1.txt", "hello");
  write_text(data / "output/kept.txt", "somebody else's");
  FakeServer server(data);
  server.service.start();
  EXPECT_EQ(server.wait("job").state, JobState::kSucceeded);
  EXPECT_THAT(files_in(data / "output"), ElementsAre("kept.txt", "text_1.txt"));
}

TEST(JobService, EventsWaitForTheirGateWhereTheCallerAsksForIt) {
  const TemporaryFolder data;
  FakeServer server(data);
  server.service.start();
  EXPECT_TRUE(server.submit(kSum).gate->opens_at());
  const Accepted held = server.submit(kSum, {.hold_events = true});
  EXPECT_FALSE(held.gate->opens_at());
  EXPECT_EQ(server.wait(held.id).state, JobState::kSucceeded);  // only telling waits
}

TEST(JobService, AClockThatIsSetBackChangesNoOrderLosesNothingAndLastsNoNegativeTime) {
  const TemporaryFolder data;
  FakeServer server(data, {.history_age = 3'600'000});
  server.service.pause(true);
  server.service.start();
  const auto before = server.submit(kSum);
  server.now -= 24 * 3'600'000;
  const auto after = server.submit(kSum);
  EXPECT_THAT(ids(server.service.queue().pending), ElementsAre(before.id, after.id));
  server.service.pause(false);
  for (const auto& job : {before, after}) {
    const JobRecord record = server.wait(job.id);
    EXPECT_EQ(record.state, JobState::kSucceeded);
    EXPECT_GE(record.started, record.created);
    EXPECT_GE(record.finished, record.started);
  }
  const std::vector<JobRecord> listed = server.store->list({.state = std::nullopt, .only_over = true});
  ASSERT_EQ(listed.size(), 2);
  EXPECT_EQ(listed[0].id, after.id);  // the newest first, by acceptance
}

TEST(JobService, OldJobsLeaveTheHistory) {
  const TemporaryFolder data;
  std::vector<std::string> jobs;
  {
    FakeServer server(data);
    server.service.start();
    for (int k = 0; k < 5; ++k) {
      jobs.push_back(server.submit(kSum).id);
      server.wait(jobs.back());
    }
  }
  FakeServer server(data, {.history_count = 2});
  server.service.start();
  while (server.store->find(jobs[2])) std::this_thread::yield();
  EXPECT_FALSE(server.store->find(jobs[0]));
  EXPECT_TRUE(server.store->find(jobs[3]));
  EXPECT_TRUE(server.store->find(jobs[4]));
}

}  // namespace
}  // namespace heddle::test
