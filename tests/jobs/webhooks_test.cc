#include "engine/jobs/webhooks.h"

#include <httplib.h>

#include <future>

#include "engine/jobs/webhook_target.h"
#include "engine/server/job_json.h"
#include "tests/jobs/store_testing.h"

namespace heddle {
namespace {

using namespace heddle::test;  // NOLINT
using server::webhook_delivery;
using ::testing::HasSubstr;

constexpr Millis kHour = 3'600'000;

// A receiver, a store and a clock; each test says what the receiver answers.
class WebhooksTest : public ::testing::Test {
 protected:
  void finish_job(const std::string& id, const std::string& url = "http://hooks.lan/done") {
    JobRecord job = job_named(id);
    job.request["webhook"] = {{"url", url}, {"secret", "hush"}};
    accept_and_wait(*store_, job, {});
    start(*store_, id);
    job.state = JobState::kSucceeded;
    job.finished = now_;
    wait_for([&](Committed done) {
      store_->finish(id, JobState::kSucceeded, Json::object(), now_, webhook_delivery(job),
                     [done](int64_t, std::exception_ptr failure) { done(failure); });
    });
  }
  WebhookSettings settings() {
    return {.hosts = {"hooks.lan"},
            .send =
                [this](const WebhookPost& post) {
                  posts_.push_back(post);
                  return answer_;
                },
            .clock = [this] { return now_; },
            .random = [] { return 0.5; }};
  }
  void restart() {
    webhooks_.reset();
    store_.reset();
    store_ = open_store(folder_.path());
    webhooks_ = std::make_unique<Webhooks>(*store_, settings());
  }
  static std::string header(const WebhookPost& post, const std::string& name) {
    for (const auto& [key, value] : post.headers) {
      if (key == name) return value;
    }
    return "";
  }

  TemporaryFolder folder_;
  Millis now_ = kNow;
  WebhookAnswer answer_{200, ""};
  std::vector<WebhookPost> posts_;
  std::unique_ptr<JobStore> store_ = open_store(folder_.path());
  std::unique_ptr<Webhooks> webhooks_ = std::make_unique<Webhooks>(*store_, settings());
};

TEST_F(WebhooksTest, TheEndOfAJobIsToldOnceAndSigned) {
  finish_job("a");
  webhooks_->deliver_due();
  webhooks_->deliver_due();
  ASSERT_EQ(posts_.size(), 1);
  EXPECT_EQ(posts_[0].url, "http://hooks.lan/done");
  EXPECT_EQ(parse_json(posts_[0].body)["id"], "a");
  EXPECT_EQ(parse_json(posts_[0].body)["state"], "succeeded");
  EXPECT_EQ(header(posts_[0], "Heddle-Signature"), webhook_signature("hush", kNow / 1000, posts_[0].body));
  EXPECT_EQ(header(posts_[0], "Heddle-Delivery"), "a.1");
}

TEST_F(WebhooksTest, AClockThatIsSetBackPutsNothingOff) {
  answer_ = {{}, "Connection refused"};
  finish_job("a");
  webhooks_->deliver_due();
  finish_job("b");
  now_ -= 24 * kHour;
  answer_ = {200, ""};
  webhooks_->deliver_due();
  ASSERT_EQ(posts_.size(), 3);  // the attempt that failed, then both
  EXPECT_TRUE(store_->deliveries(kNow + 24 * kHour, 10).empty());
}

TEST_F(WebhooksTest, AReceiverThatWasDownGetsItWhenItIsBackWithTheSameNumber) {
  finish_job("a");
  answer_ = {{}, "Connection refused"};
  for (const Millis end = now_ + 60'000; now_ < end; now_ += 500) webhooks_->deliver_due();
  const size_t failed = posts_.size();
  EXPECT_GT(failed, 3);
  EXPECT_LT(failed, 12);
  answer_ = {204, ""};
  for (const Millis end = now_ + 2 * 60'000; now_ < end; now_ += 500) webhooks_->deliver_due();
  ASSERT_EQ(posts_.size(), failed + 1);
  EXPECT_EQ(header(posts_.front(), "Heddle-Delivery"), header(posts_.back(), "Heddle-Delivery"));
  EXPECT_EQ(posts_.front().body, posts_.back().body);
}

TEST_F(WebhooksTest, WhatIsOwedOutlivesARestart) {
  finish_job("a");
  answer_ = {503, ""};
  webhooks_->deliver_due();
  answer_ = {200, ""};
  restart();
  webhooks_->deliver_due();
  EXPECT_EQ(posts_.size(), 1);  // not due yet
  now_ += 2000;
  webhooks_->deliver_due();
  EXPECT_EQ(posts_.size(), 2);
}

TEST_F(WebhooksTest, ARedirectIsNoDelivery) {
  finish_job("a");
  answer_ = {302, ""};
  webhooks_->deliver_due();
  EXPECT_EQ(store_->deliveries(now_ + kHour, 10).size(), 1);
}

TEST_F(WebhooksTest, AfterADayItIsGivenUpAndTheJobSaysSo) {
  finish_job("a");
  answer_ = {500, ""};
  for (const Millis end = now_ + 27 * kHour; now_ < end; now_ += kHour / 4) webhooks_->deliver_due();
  EXPECT_TRUE(store_->deliveries(now_ + 100 * kHour, 10).empty());
  store_->flush();
  EXPECT_THAT(event_lines(*store_, "a"), HasSubstr("warning"));
  EXPECT_THAT(event_lines(*store_, "a"), HasSubstr("answered 500"));
}

TEST_F(WebhooksTest, AHostThatIsNoLongerAllowedGetsNothing) {
  finish_job("a", "http://other.lan/");
  webhooks_->deliver_due();
  EXPECT_TRUE(posts_.empty());
  EXPECT_EQ(store_->deliveries(now_ + kHour, 10).size(), 1);
}

TEST_F(WebhooksTest, OneTimeOutIsEnoughForAHost) {
  for (const char* id : {"a", "b", "c"}) finish_job(id);
  answer_ = {{}, "timed out"};
  webhooks_->deliver_due();
  EXPECT_EQ(posts_.size(), 1);
}

TEST_F(WebhooksTest, AJobWithoutAWebhookOwesNothing) { EXPECT_FALSE(webhook_delivery(job_named("a"))); }

TEST_F(WebhooksTest, TheThreadDeliversByItself) {
  std::promise<WebhookPost> sent;
  WebhookSettings with_promise = settings();
  with_promise.send = [&](const WebhookPost& post) {
    sent.set_value(post);
    return WebhookAnswer{200, ""};
  };
  Webhooks webhooks(*store_, with_promise);
  webhooks.start();
  finish_job("a");
  webhooks.wake();
  EXPECT_EQ(parse_json(sent.get_future().get().body)["id"], "a");
}

TEST(WebhookDelay, GrowsToAnHourAndSpreads) {
  EXPECT_EQ(webhook_delay(1, 0.5), 1000);
  EXPECT_EQ(webhook_delay(2, 0.0), 1000);
  EXPECT_EQ(webhook_delay(4, 1.0), 12'000);
  EXPECT_EQ(webhook_delay(13, 0.5), kHour);
  EXPECT_EQ(webhook_delay(1000, 0.5), kHour);
}

TEST(WebhookTarget, OnlyPlainWebAddressesAreTaken) {
  for (const char* url :
       {"", "hooks.lan", "ftp://hooks.lan/", "file:///etc/passwd", "http://", "http://user@hooks.lan/",
        "http://hooks.lan:0/", "http://hooks.lan:99999/", "http://hooks.lan:x/", "http://hooks.lan/#a",
        "http://hooks.lan/a b", "http://hooks.lan\\@x/", "http://[::1/", "http://hooks.lan/\r\nX: y"}) {
    EXPECT_FALSE(parse_webhook_url(url)) << url;
  }
  EXPECT_EQ(parse_webhook_url("HTTPS://Hooks.LAN?x=1")->host_and_port(), "hooks.lan:443");
  EXPECT_EQ(parse_webhook_url("https://hooks.lan?x=1")->path, "/?x=1");
  EXPECT_EQ(parse_webhook_url("http://[::1]:81/a")->host_and_port(), "[::1]:81");
}

TEST(WebhookTarget, HostsAreAllowedByNameAndByPort) {
  EXPECT_THAT(webhook_problem("http://hooks.lan/", {}).value(), HasSubstr("--webhook-host hooks.lan"));
  EXPECT_FALSE(webhook_problem("http://HOOKS.lan:9000/", {"hooks.lan"}));
  EXPECT_FALSE(webhook_problem("http://hooks.lan:9000/", {"hooks.lan:9000"}));
  EXPECT_TRUE(webhook_problem("http://hooks.lan:9001/", {"hooks.lan:9000"}));
  EXPECT_TRUE(webhook_problem("http://evil-hooks.lan/", {"hooks.lan"}));
  EXPECT_TRUE(webhook_problem("http://127.0.0.1/", {"localhost"}));
  EXPECT_FALSE(webhook_problem("http://[::1]/", {"::1"}));
  EXPECT_FALSE(webhook_problem("http://[::1]:80/", {"[::1]:80"}));
}

// `printf '1700000000.{}' | openssl dgst -sha256 -hmac key`
TEST(WebhookSignature, IsAnHmacOfTimeAndBody) {
  EXPECT_EQ(webhook_signature("key", 1700000000, "{}"),
            "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

// A server of one answer, on a port of its own.
class Receiver {
 public:
  explicit Receiver(int status) {
    server_.Post("/hook", [this, status](const httplib::Request& request, httplib::Response& response) {
      requests_.push_back(request);
      response.status = status;
      if (status == 302) response.set_header("Location", "/elsewhere");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  std::vector<httplib::Request> requests_;

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

TEST(WebhookSender, PostsOverHttp) {
  Receiver receiver(200);
  const WebhookAnswer answer =
      http_webhook_sender()({.url = receiver.url(),
                             .body = "{\"a\":1}",
                             .headers = {{"Content-Type", "application/json"}, {"Heddle-Delivery", "d"}}});
  EXPECT_EQ(answer.status, 200) << answer.error;
  ASSERT_EQ(receiver.requests_.size(), 1);
  EXPECT_EQ(receiver.requests_[0].body, "{\"a\":1}");
  EXPECT_EQ(receiver.requests_[0].get_header_value("Heddle-Delivery"), "d");
}

TEST(WebhookSender, FollowsNoRedirect) {
  Receiver receiver(302);
  EXPECT_EQ(http_webhook_sender()({.url = receiver.url(), .body = "", .headers = {}}).status, 302);
  EXPECT_EQ(receiver.requests_.size(), 1);
}

TEST(WebhookSender, SaysWhyThereWasNoAnswer) {
  const WebhookAnswer answer = http_webhook_sender()({.url = "http://127.0.0.1:1/hook", .body = "", .headers = {}});
  EXPECT_FALSE(answer.status);
  EXPECT_FALSE(answer.error.empty());
}

}  // namespace
}  // namespace heddle
