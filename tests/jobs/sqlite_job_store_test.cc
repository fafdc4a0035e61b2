#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "tests/jobs/store_testing.h"

namespace heddle {
namespace {

using namespace heddle::test;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SqliteJobStore : public ::testing::Test {
 protected:
  void reopen() {
    store_.reset();
    store_ = open_store(folder_.path());
  }
  JobStore& store() { return *store_; }
  JobRecord found(const std::string& id) { return store().find(id).value(); }
  int64_t count(JobState state) { return store().counts().at(size_t(state)).second; }

  TemporaryFolder folder_;
  std::unique_ptr<JobStore> store_ = open_store(folder_.path());
};

TEST_F(SqliteJobStore, KeepsAnAcceptedJobAsItCame) {
  JobRecord job = job_named("a");
  job.request = {{"graph", {{"1", {{"class_type", "Word"}, {"inputs", {{"seed", 18446744073709551615U}}}}}}},
                 {"client_id", "me"},
                 {"workflow", {{"title", "Größe \u2603"}}}};
  job.place = {.priority = 3, .number = -2.5};
  EXPECT_EQ(accept_and_wait(store(), job, {}).order, 1);
  reopen();
  const JobRecord kept = found("a");
  EXPECT_EQ(kept.order, 1);
  EXPECT_EQ(kept.state, JobState::kQueued);
  EXPECT_EQ(kept.place.priority, 3);
  EXPECT_EQ(kept.place.number, -2.5);
  EXPECT_EQ(kept.request, job.request);
  EXPECT_EQ(kept.created, kNow);
  EXPECT_EQ(kept.result, nullptr);
  EXPECT_EQ(event_lines(store(), "a"), "1 queued {}\n");
}

TEST_F(SqliteJobStore, FindsNothingForAnUnknownJob) {
  EXPECT_FALSE(store().find("nobody"));
  EXPECT_EQ(event_lines(store(), "nobody"), "");
}

TEST_F(SqliteJobStore, AJobGoesThroughItsStates) {
  accept(store(), "a");
  start(store(), "a", kNow + 10);
  EXPECT_EQ(found("a").state, JobState::kRunning);
  finish(store(), "a", JobState::kFailed, kNow + 30, {{"error", {{"message", "the well is dry"}}}, {"ran", 2}});
  const JobRecord job = found("a");
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.started, kNow + 10);
  EXPECT_EQ(job.finished, kNow + 30);
  EXPECT_EQ(job.result["ran"], 2);
  EXPECT_EQ(event_lines(store(), "a"),
            "1 queued {}\n2 started {}\n3 failed {\"error\": {\"message\": \"the well is dry\"}}\n");
}

TEST_F(SqliteJobStore, ARequeuedJobKeepsItsFirstStartAndCountsCrashesUntilItGetsOn) {
  accept(store(), "a");
  start(store(), "a", kNow + 10);
  kept_event([&](EventKept done) { store().requeue("a", 2, kNow + 20, std::move(done)); });
  EXPECT_EQ(found("a").state, JobState::kQueued);
  EXPECT_EQ(found("a").crashes, 2);
  start(store(), "a", kNow + 30);
  EXPECT_EQ(found("a").started, kNow + 10);
  add_event(store(), {.job = "a", .type = "step_finished", .data = {{"step", "1"}, {"cached", true}}, .time = kNow});
  EXPECT_EQ(found("a").crashes, 2);
  add_event(store(), {.job = "a", .type = "step_finished", .data = {{"step", "1"}, {"cached", false}}, .time = kNow});
  EXPECT_EQ(found("a").crashes, 0);
}

TEST_F(SqliteJobStore, WhatIsOverStaysAsItIs) {
  accept(store(), "a");
  finish(store(), "a", JobState::kCancelled);
  EXPECT_THAT(message_of([&] { start(store(), "a"); }), HasSubstr("job \"a\" is over already: it has cancelled"));
  EXPECT_NE(message_of([&] { finish(store(), "a"); }), "");
  EXPECT_EQ(found("a").state, JobState::kCancelled);
  EXPECT_EQ(message_of([&] { start(store(), "b"); }), "there is no job \"b\"");
  EXPECT_EQ(message_of([&] { add_event(store(), {.job = "b", .type = "warning"}); }), "there is no job \"b\"");
}

TEST_F(SqliteJobStore, MovesAJobInTheQueue) {
  accept(store(), "a");
  wait_for([&](Committed done) { store().set_place("a", {.priority = 7, .number = 0.5}, std::move(done)); });
  EXPECT_EQ(found("a").place.priority, 7);
  EXPECT_EQ(found("a").place.number, 0.5);
}

TEST_F(SqliteJobStore, RefusesASecondJobOfTheSameId) {
  accept(store(), "a");
  EXPECT_THROW(accept(store(), "a"), DuplicateJob);
  EXPECT_EQ(count(JobState::kQueued), 1);
}

TEST_F(SqliteJobStore, AnIdempotencyKeyStandsForTheJobThatFirstCameWithIt) {
  const AcceptedJob first = accept(store(), "a", {.key = "k", .request_sha256 = "1234"});
  EXPECT_TRUE(first.is_new);
  reopen();
  const AcceptedJob again = accept(store(), "b", {.key = "k", .request_sha256 = "1234"});
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.id, "a");
  EXPECT_EQ(again.order, first.order);
  EXPECT_THROW(accept(store(), "c", {.key = "k", .request_sha256 = "5678"}), IdempotencyConflict);
  EXPECT_EQ(ids(store().list({})), "a");
}

TEST_F(SqliteJobStore, TextThatIsNotUtf8IsRefusedAndOthersGoOn) {
  JobRecord job = job_named("a");
  job.request["client_id"] = "\xff";
  EXPECT_THROW(accept_and_wait(store(), job, {}), JsonError);
  EXPECT_TRUE(accept(store(), "a").is_new);
}

TEST_F(SqliteJobStore, ThreadsThatAcceptAtOnceGetOrdersOfTheirOwn) {
  std::vector<std::thread> threads;
  std::vector<std::vector<int64_t>> orders(64);
  for (size_t t = 0; t < orders.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        orders[t].push_back(accept(store(), std::to_string(t) + "." + std::to_string(i)).order);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int64_t> all;
  for (const auto& own : orders) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    all.insert(own.begin(), own.end());
  }
  EXPECT_EQ(all.size(), 640U);
  EXPECT_EQ(count(JobState::kQueued), 640);
}

TEST_F(SqliteJobStore, CallbacksComeInTheOrderOfTheCalls) {
  std::string told;
  for (const char* id : {"a", "b", "a", "c"}) {
    store().accept(job_named(id), {}, [&told](const AcceptedJob& job, std::exception_ptr failure) {
      told += failure ? "duplicate " : job.id + " ";
    });
  }
  store().start("b", kNow, [&told](int64_t, std::exception_ptr failure) { told += failure ? "failed " : "started "; });
  store().flush();
  EXPECT_EQ(told, "a b duplicate c started ");
  EXPECT_EQ(found("b").state, JobState::kRunning);
}

TEST_F(SqliteJobStore, PagesThroughJobsEitherWay) {
  for (const char* id : {"a", "b", "c", "d", "e"}) accept(store(), id);
  EXPECT_EQ(ids(store().list({.limit = 2})), "e d");
  EXPECT_EQ(ids(store().list({.after = 4, .limit = 2})), "c b");
  EXPECT_EQ(ids(store().list({.oldest_first = true, .limit = 2})), "a b");
  EXPECT_EQ(ids(store().list({.oldest_first = true, .after = 2, .limit = 2})), "c d");
  EXPECT_EQ(ids(store().list({.oldest_first = true, .offset = 3, .limit = 10})), "d e");
  EXPECT_EQ(ids(store().list({.limit = -1})), "e d c b a");
  EXPECT_EQ(ids(store().list({.limit = 0})), "");
}

TEST_F(SqliteJobStore, ListsByState) {
  for (const char* id : {"a", "b", "c", "d", "e"}) accept(store(), id);
  for (const char* id : {"a", "b", "c"}) start(store(), id);
  finish(store(), "a");
  finish(store(), "b", JobState::kCancelled);
  finish(store(), "d", JobState::kCancelled);
  EXPECT_EQ(ids(store().list({.state = JobState::kCancelled})), "d b");
  EXPECT_EQ(ids(store().list({.state = JobState::kCancelled, .oldest_first = true, .after = 2})), "d");
  EXPECT_EQ(ids(store().list({.only_over = true})), "d b a");
  EXPECT_EQ(ids(store().list({.only_over = true, .only_started = true})), "b a");
  EXPECT_EQ(ids(store().list({.only_over = true, .offset = 1, .limit = 1})), "b");
  const auto counts = store().counts();
  ASSERT_EQ(counts.size(), 5U);
  for (const auto& [state, expected] : std::vector<std::pair<JobState, int64_t>>{{JobState::kQueued, 1},
                                                                                 {JobState::kRunning, 1},
                                                                                 {JobState::kSucceeded, 1},
                                                                                 {JobState::kFailed, 0},
                                                                                 {JobState::kCancelled, 2}}) {
    EXPECT_EQ(counts[size_t(state)], std::make_pair(state, expected));
  }
}

TEST_F(SqliteJobStore, ListsNeedNotCarryGraphs) {
  accept(store(), "a");
  finish(store(), "a", JobState::kSucceeded, kNow, {{"ran", 1}});
  const JobRecord job = store().list({.without_request = true}).at(0);
  EXPECT_EQ(job.request, nullptr);
  EXPECT_EQ(job.result["ran"], 1);
}

TEST_F(SqliteJobStore, EventsAreNumberedOverAllJobs) {
  accept(store(), "a");
  accept(store(), "b");
  start(store(), "b");
  add_event(store(), {.job = "a", .type = "warning", .data = {{"message", "odd"}}, .time = kNow + 5});
  EXPECT_EQ(event_lines(store(), ""),
            "1 a queued {}\n2 b queued {}\n3 b started {}\n4 a warning {\"message\": \"odd\"}\n");
  EXPECT_EQ(event_lines(store(), "", 2, 1), "3 b started {}\n");
  EXPECT_EQ(event_lines(store(), "a", 1), "4 warning {\"message\": \"odd\"}\n");
  EXPECT_EQ(store().events("a", 3, 10).at(0).time, kNow + 5);
  EXPECT_EQ(store().last_event_number(), 4);
}

TEST_F(SqliteJobStore, WritesTellTheNumbersOfTheirEvents) {
  EXPECT_EQ(accept(store(), "a", {.key = "k", .request_sha256 = "1"}).event, 1);
  EXPECT_EQ(start(store(), "a"), 2);
  EXPECT_EQ(accept(store(), "b", {.key = "k", .request_sha256 = "1"}).event, 1);
  EXPECT_EQ(kept_event([&](EventKept done) { store().requeue("a", 1, kNow, std::move(done)); }), 3);
  EXPECT_EQ(add_event(store(), {.job = "a", .type = "warning"}), 4);
  EXPECT_EQ(finish(store(), "a"), 5);
}

TEST_F(SqliteJobStore, RemovesJobsThatAreOverWithAllThatIsTheirs) {
  accept(store(), "a", {.key = "k", .request_sha256 = "1"});
  accept(store(), "b");
  finish(store(), "a");
  wait_for([&](Committed done) { store().remove({"a", "b", "nobody"}, std::move(done)); });
  EXPECT_EQ(ids(store().list({})), "b");
  EXPECT_EQ(count(JobState::kSucceeded), 0);
  EXPECT_EQ(event_lines(store(), ""), "2 b queued {}\n");
  EXPECT_TRUE(accept(store(), "a", {.key = "k", .request_sha256 = "2"}).is_new);
}

TEST_F(SqliteJobStore, NumbersOfRemovedEventsAndJobsDoNotComeBack) {
  accept(store(), "a");
  finish(store(), "a");
  wait_for([&](Committed done) { store().remove({"a"}, std::move(done)); });
  reopen();
  EXPECT_EQ(store().last_event_number(), 2);
  EXPECT_EQ(accept(store(), "b").order, 2);
  EXPECT_EQ(event_lines(store(), ""), "3 b queued {}\n");
}

TEST_F(SqliteJobStore, RemembersOutputs) {
  const Key key = Hasher().add("step").finish();
  EXPECT_FALSE(store().saved_output(key));
  const auto remember = [&](SavedOutput output) {
    wait_for([&](Committed done) { store().remember_output(key, std::move(output), std::move(done)); });
  };
  remember({.ui = {{"images", Json::array()}}, .files = {{"/out/a.png", "aa", 1}, {"/out/b.png", "bb", 2}}});
  remember({.ui = {{"images", {1}}}, .files = {{"/out/\xff.png", "cc", uint64_t{5} << 30}}});
  reopen();
  const SavedOutput output = store().saved_output(key).value();
  EXPECT_EQ(output.ui, (Json{{"images", {1}}}));
  ASSERT_EQ(output.files.size(), 1U);
  EXPECT_EQ(output.files[0].path, "/out/\xff.png");
  EXPECT_EQ(output.files[0].sha256, "cc");
  EXPECT_EQ(output.files[0].bytes, uint64_t{5} << 30);
}

std::string paths(const std::vector<FileIntent>& intents) {
  std::string text;
  for (const FileIntent& intent : intents) text += intent.path.string() + "=" + intent.sha256 + " ";
  return text;
}

TEST_F(SqliteJobStore, IntentsGoWithTheStepThatWasMeant) {
  accept(store(), "a");
  for (const char* path : {"/out/1", "/out/2", "/out/3"}) {
    wait_for([&](Committed done) { store().intend({.job = "a", .path = path, .sha256 = "aa"}, std::move(done)); });
  }
  EXPECT_EQ(paths(store().intents("a")), "/out/1=aa /out/2=aa /out/3=aa ");
  add_event(store(), {.job = "a",
                      .type = "step_finished",
                      .data = {{"step", "9"}, {"files", {{{"filename", "2"}, {"path", "/out/2"}}}}},
                      .time = kNow});
  EXPECT_EQ(paths(store().intents("a")), "/out/1=aa /out/3=aa ");
  EXPECT_EQ(event_lines(store(), "a", 1), "2 step_finished {\"step\": \"9\", \"files\": [{\"filename\": \"2\"}]}\n");
  finish(store(), "a");
  EXPECT_EQ(paths(store().intents("a")), "");
}

TEST_F(SqliteJobStore, ForgetsIntents) {
  accept(store(), "a");
  wait_for([&](Committed done) { store().intend({.job = "a", .path = "/out/1", .sha256 = "aa"}, std::move(done)); });
  wait_for([&](Committed done) { store().forget_intents("a", std::move(done)); });
  EXPECT_EQ(paths(store().intents("a")), "");
  const FileIntent of_nobody{.job = "b", .path = "/x", .sha256 = ""};
  EXPECT_EQ(message_of([&] { wait_for([&](Committed done) { store().intend(of_nobody, std::move(done)); }); }),
            "there is no job \"b\"");
}

TEST_F(SqliteJobStore, KeepsSettings) {
  EXPECT_EQ(store().setting("paused"), nullptr);
  for (const Json& value : {Json(true), Json({{"a", 1}})}) {
    wait_for([&](Committed done) { store().set_setting("paused", value, std::move(done)); });
    EXPECT_EQ(store().setting("paused"), value);
  }
}

TEST_F(SqliteJobStore, KeepsRevisionsOfPipelines) {
  const auto add = [&](const std::string& name, const std::string& sha256) {
    PipelineRevision revision{.name = name, .sha256 = sha256, .document = {{"title", sha256}}, .time = kNow};
    wait_for([&](Committed done) { store().add_revision(std::move(revision), std::move(done)); });
  };
  const std::string a(64, 'a'), b(64, 'b');
  add("portrait", a);
  add("portrait", b);
  add("portrait", b);  // the same again
  add("landscape", a);
  reopen();
  EXPECT_THAT(store().pipelines(), ElementsAre("landscape", "portrait"));
  ASSERT_EQ(store().revisions("portrait").size(), 2U);
  EXPECT_EQ(store().revisions("portrait")[0].sha256, a);
  EXPECT_EQ(store().revisions("portrait")[0].document, nullptr);
  EXPECT_EQ(store().revision("portrait", "")->number, 2);
  EXPECT_EQ(store().revision("portrait", "1")->document["title"], a);
  EXPECT_EQ(store().revision("portrait", "aaaaaaaa")->number, 1);
  EXPECT_EQ(store().revision("portrait", "bbbbbbbbbb")->time, kNow);
  for (const char* none : {"3", "aaaa", "cccccccc", "aaaaaaa*", "first"}) {
    EXPECT_FALSE(store().revision("portrait", none)) << none;
  }
  wait_for([&](Committed done) { store().remove_pipeline("portrait", std::move(done)); });
  EXPECT_THAT(store().pipelines(), ElementsAre("landscape"));
}

TEST_F(SqliteJobStore, OwesDeliveriesUntilTheyAreMade) {
  accept(store(), "a");
  const WebhookDelivery owed{.job = "", .url = "https://example.org/", .secret = "s", .body = "{}", .next = kNow};
  kept_event([&](EventKept done) {
    store().finish("a", JobState::kSucceeded, Json::object(), kNow, owed, std::move(done));
  });
  wait_for([&](Committed done) { store().remove({"a"}, std::move(done)); });
  reopen();
  const WebhookDelivery delivery = store().deliveries(kNow, 10).at(0);
  EXPECT_EQ(delivery.job, "a");
  EXPECT_EQ(delivery.url, owed.url);
  EXPECT_EQ(delivery.secret, "s");
  EXPECT_EQ(delivery.body, "{}");
  wait_for([&](Committed done) { store().set_delivery(delivery.id, 3, kNow + 9, std::move(done)); });
  EXPECT_TRUE(store().deliveries(kNow, 10).empty());
  EXPECT_EQ(store().deliveries(kNow + 9, 10).at(0).attempts, 3);
  wait_for([&](Committed done) { store().remove_delivery(delivery.id, std::move(done)); });
  EXPECT_TRUE(store().deliveries(kNow + 9, 10).empty());
}

TEST_F(SqliteJobStore, SaysWhichJobsAreOutdated) {
  for (const char* id : {"a", "b", "c", "d", "e"}) accept(store(), id);
  finish(store(), "b", JobState::kSucceeded, kNow + 1);
  finish(store(), "a", JobState::kSucceeded, kNow + 2);
  finish(store(), "c", JobState::kFailed, kNow + 3);
  finish(store(), "d", JobState::kCancelled, kNow + 4);
  EXPECT_THAT(store().outdated(4, 0), ElementsAre());
  EXPECT_THAT(store().outdated(2, 0), ElementsAre("a", "b"));
  EXPECT_THAT(store().outdated(100, kNow + 2), ElementsAre("b"));
  EXPECT_THAT(store().outdated(3, kNow + 2), ElementsAre("a", "b"));
  EXPECT_THAT(store().outdated(0, kNow), ElementsAre("a", "b", "c", "d"));
}

TEST_F(SqliteJobStore, ReadsGoOnWhileWritesWait) {
  accept(store(), "a");
  std::promise<void> holding, released;
  store().start("a", kNow, [&](int64_t, std::exception_ptr) {
    holding.set_value();
    released.get_future().wait();
  });
  holding.get_future().wait();
  store().accept(job_named("b"), {}, nullptr);
  EXPECT_EQ(ids(store().list({})), "a");
  released.set_value();
  store().flush();
  EXPECT_EQ(ids(store().list({})), "b a");
}

TEST_F(SqliteJobStore, ReadersSeeEachCommitWhole) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        for (const JobRecord& job : store().list({.only_over = true})) EXPECT_FALSE(job.result.is_null());
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    store().accept(job_named(std::to_string(i)), {}, nullptr);
    store().finish(std::to_string(i), JobState::kSucceeded, {{"ran", i}}, kNow, {}, nullptr);
  }
  store().flush();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(JobState::kSucceeded), 200);
}

TEST_F(SqliteJobStore, WorksWithFullDurability) {
  TemporaryFolder folder;
  {
    const auto store = open_store(folder.path(), Durability::kFull);
    accept(*store, "a");
  }
  EXPECT_EQ(ids(open_store(folder.path())->list({})), "a");
}

}  // namespace
}  // namespace heddle
