// Tells others of the end of a job: one POST of the job's JSON, again and again until it is taken or a day has passed.
// What is owed is in the store, so it outlives a restart; a receiver may get a delivery twice after a crash and knows
// it by Heddle-Delivery. One thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/jobs/job_service.h"
#include "engine/jobs/job_store.h"

namespace heddle {

struct WebhookPost {
  std::string url, body;
  std::vector<std::pair<std::string, std::string>> headers;
};
/// The status of the answer, or nothing and why there was none. Redirects are not followed.
struct WebhookAnswer {
  std::optional<int> status;
  std::string error;
};
using SendWebhook = std::function<WebhookAnswer(const WebhookPost& post)>;

/// By HTTP and HTTPS, within 5 s for connecting and 10 s for the answer.
SendWebhook http_webhook_sender();

struct WebhookSettings {
  std::vector<std::string> hosts;  // that may be sent to
  SendWebhook send;
  MillisClock clock;
  std::function<double()> random;  // 0..1, spreads the retries
};

/// Milliseconds from a failed attempt, the first being 1, to the next: 1 s, 2 s, 4 s... an hour, each by 0.5 to 1.5.
Millis webhook_delay(int attempts, double random);

class Webhooks {
 public:
  Webhooks(JobStore& store, WebhookSettings settings);
  ~Webhooks();  // waits for the POST that is under way

  void start();
  /// Sends what is due now and returns the time at which more may be. start() does this by itself.
  Millis deliver_due();

  /// There is something to send. Quick.
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace heddle
