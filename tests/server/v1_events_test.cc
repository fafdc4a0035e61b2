#include "tests/server/v1_testing.h"

namespace heddle::server::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(V1Events, TheStreamOfAJobTellsAllFromItsBeginningAndEnds) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  const std::string text = v1.stream(job["events"])->wait_for_end();
  size_t at = 0;
  for (const char* type : {"queued", "started", "cached", "step_finished", "succeeded"}) {
    at = text.find(std::string("event: ") + type + "\n", at);
    ASSERT_NE(at, text.npos) << type << " is missing or out of order in\n" << text;
  }
  EXPECT_THAT(text, HasSubstr("\"job\":\"" + job["id"].get<std::string>() + "\""));
}

TEST(V1Events, ALiveStreamTellsProgressWithoutANumber) {
  V1Site v1;
  const Json job = parse_json(v1.post("/v1/jobs", v1.waiting_graph()).body);
  const auto stream = v1.stream(job["events"]);
  stream->wait_for("event: progress");
  v1.release();
  const std::string text = stream->wait_for_end();
  const size_t progress = text.find("event: progress");
  EXPECT_NE(text.substr(0, progress).rfind("\n\n") + 2, text.substr(0, progress).rfind("id: "));
  EXPECT_THAT(text, HasSubstr("event: succeeded"));
}

TEST(V1Events, AClientThatComesAgainGetsWhatItMissedOnce) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  const std::vector<int64_t> all = event_ids(v1.stream(job["events"])->wait_for_end());
  ASSERT_GE(all.size(), 4);
  for (size_t seen = 0; seen + 1 < all.size(); ++seen) {
    const std::string text = v1.stream(job["events"], {{"last-event-id", std::to_string(all[seen])}})->wait_for_end();
    EXPECT_EQ(event_ids(text), std::vector<int64_t>(all.begin() + ptrdiff_t(seen) + 1, all.end()));
  }
  const std::string by_query =
      v1.stream(job["events"].get<std::string>() + "?after=" + std::to_string(all[1]))->wait_for_end();
  EXPECT_EQ(event_ids(by_query).front(), all[2]);
}

TEST(V1Events, WhoHasSeenTheEndIsToldNotToComeBack) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  const int64_t last = event_ids(v1.stream(job["events"])->wait_for_end()).back();
  EXPECT_EQ(v1.get(job["events"], {{"last-event-id", std::to_string(last)}}).status, 204);
}

TEST(V1Events, NumbersThatAreNoneAreRefused) {
  V1Site v1;
  EXPECT_EQ(v1.get("/v1/events?after=x").status, 400);
  EXPECT_EQ(v1.get("/v1/events", {{"last-event-id", "1.5"}}).status, 400);
}

TEST(V1Events, TheStreamOfAllBeginsNowOrWhereAsked) {
  V1Site v1;
  v1.run(kShowGraph);
  const auto live = v1.stream("/v1/events");
  const auto all = v1.stream("/v1/events?after=0");
  all->wait_for("event: succeeded");
  const Json second = v1.run(kSaveGraph);
  const std::string id = second["id"];
  live->wait_for("\"job\":\"" + id + "\",\"type\":\"succeeded\"");
  all->wait_for("\"job\":\"" + id + "\",\"type\":\"succeeded\"");
  const std::vector<int64_t> of_all = event_ids(all->text()), of_live = event_ids(live->text());
  EXPECT_EQ(of_all.front(), 1);
  EXPECT_TRUE(std::is_sorted(of_all.begin(), of_all.end()));
  EXPECT_EQ(std::adjacent_find(of_all.begin(), of_all.end()), of_all.end());
  EXPECT_EQ(parse_json(v1.get(second["url"]).body)["state"], "succeeded");
  EXPECT_GT(of_live.front(), 4);
}

// Streams open and reopen while jobs run: whatever the moment, each sees every kept event after its own once.
TEST(V1Events, TheSeamBetweenPastAndPresentHasNoGapAndNoDuplicate) {
  V1Site v1;
  std::vector<std::shared_ptr<FakeStream>> streams;
  std::string last;
  for (int k = 0; k < 40; ++k) {
    streams.push_back(v1.stream("/v1/events?after=0"));
    last = parse_json(v1.post("/v1/jobs", kShowGraph).body)["id"];
  }
  v1.stream("/v1/jobs/" + last + "/events")->wait_for_end();
  std::vector<int64_t> kept;
  for (const JobEvent& event : v1.store->events("", 0, 10'000)) kept.push_back(event.number);
  for (const auto& stream : streams) {
    EXPECT_EQ(event_ids(stream->wait_for("id: " + std::to_string(kept.back()) + "\n")), kept);
  }
}

TEST(V1Events, ANewcomerIsToldWhereARunningJobStands) {
  V1Site v1;
  const std::string id = v1.start_waiting();
  v1.stream("/v1/jobs/" + id + "/events")->wait_for("event: progress");
  const std::string text = v1.stream("/v1/jobs/" + id + "/events?after=0")->wait_for("event: progress");
  EXPECT_THAT(text, HasSubstr("\"node\":\"Wait\""));
  v1.release();
}

TEST(V1Events, ASilentStreamHearsAHeartbeat) {
  V1Site v1({}, std::chrono::milliseconds(5));
  v1.stream("/v1/events")->wait_for(": still here\n\n");
}

TEST(V1Events, StreamsOfOtherJobsDoNotMix) {
  V1Site v1;
  const std::string id = v1.start_waiting();
  const auto stream = v1.stream("/v1/jobs/" + id + "/events");
  const std::string other = parse_json(v1.post("/v1/jobs", kShowGraph).body)["id"];
  v1.release();
  EXPECT_THAT(stream->wait_for_end(), Not(HasSubstr(other)));
}

TEST(EventFeed, AnEventWithoutANumberThatIsToBeKeptIsNotTold) {
  V1Site v1;
  const auto stream = v1.stream("/v1/events");
  v1.events.on_event({.job = "x", .type = "succeeded"}, "", nullptr);
  v1.events.on_event({.job = "x", .type = "progress", .data = {{"step", "1"}}}, "", nullptr);
  EXPECT_THAT(stream->wait_for("event: progress"), Not(HasSubstr("succeeded")));
}

TEST(EventFeed, EventsThatNobodyToldOfComeWithTheNextOnes) {
  V1Site v1;
  const Json job = v1.run(kShowGraph);
  const auto stream = v1.stream("/v1/events");
  stream->wait_for("retry");  // from here on it listens
  JobEvent event{.job = job["id"], .type = "warning", .data = {{"message", "late"}}, .time = kNow};
  v1.store->add_event(std::move(event), nullptr);
  v1.store->flush();
  v1.run(kSaveGraph);
  EXPECT_THAT(stream->wait_for("event: succeeded"), HasSubstr("late"));
}

}  // namespace
}  // namespace heddle::server::test
