#include "engine/jobs/webhooks.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "engine/jobs/webhook_target.h"
#include "engine/version.h"

namespace heddle {
namespace {

constexpr Millis kOneSecond = 1000, kHour = 3600 * kOneSecond, kGiveUp = 24 * kHour;
constexpr Millis kLookAgain = 60 * kOneSecond;  // should the clock of the machine be set
constexpr int kMostAttempts = 60;            // of a job whose record is gone, and with it the time of its end
constexpr int kBatch = 100;

bool is_taken(const WebhookAnswer& answer) { return answer.status && *answer.status >= 200 && *answer.status < 300; }

std::string answer_text(const WebhookAnswer& answer) {
  return answer.status ? "answered " + std::to_string(*answer.status) : "failed: " + answer.error;
}

std::string host_of(const WebhookDelivery& delivery) {
  const auto url = parse_webhook_url(delivery.url);
  return url ? url->host_and_port() : "";
}

WebhookPost make_post(const WebhookDelivery& delivery, Millis now) {
  WebhookPost post{.url = delivery.url, .body = delivery.body, .headers = {}};
  post.headers = {{"Content-Type", "application/json"},
                  {"User-Agent", std::string("heddle/") + version()},
                  {"Heddle-Delivery", delivery.job + "." + std::to_string(delivery.id)}};
  if (!delivery.secret.empty()) {
    post.headers.emplace_back("Heddle-Signature", webhook_signature(delivery.secret, now / kOneSecond, delivery.body));
  }
  return post;
}

}  // namespace

Millis webhook_delay(int attempts, double random) {
  const Millis delay = attempts > 12 ? kHour : std::min(kHour, kOneSecond << std::max(attempts - 1, 0));
  return Millis(double(delay) * (0.5 + random));
}

struct Webhooks::Impl {
  JobStore& store;
  const WebhookSettings settings;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false, stopping = false;
  std::thread thread;

  void run();
  bool is_stopping() {
    const std::lock_guard lock(mutex);
    return stopping;
  }
  void wait_until(Millis next);
  Millis deliver_due();
  void deliver(const WebhookDelivery& delivery, std::set<std::string>& down);
  bool is_too_late(const WebhookDelivery& delivery, int attempts, Millis now);
  void give_up(const WebhookDelivery& delivery, const WebhookAnswer& answer, Millis now);
};

void Webhooks::Impl::run() {
  while (!is_stopping()) {
    Millis next = settings.clock() + kLookAgain;
    try {
      next = deliver_due();
    } catch (const std::exception& error) {
      spdlog::warn("webhooks wait a minute: {}", error.what());
    }
    wait_until(next);
  }
}

void Webhooks::Impl::wait_until(Millis next) {
  const Millis pause = std::clamp<Millis>(next - settings.clock(), 0, kLookAgain);
  std::unique_lock lock(mutex);
  changed.wait_for(lock, std::chrono::milliseconds(pause), [&] { return woken || stopping; });
  woken = false;
}

Millis Webhooks::Impl::deliver_due() {
  std::set<std::string> down;  // hosts that took nothing in this round: one time-out is enough
  for (;;) {
    const Millis now = settings.clock();
    const std::vector<WebhookDelivery> due = store.deliveries(now, kBatch);
    for (const WebhookDelivery& delivery : due) {
      if (is_stopping()) return now;
      deliver(delivery, down);
    }
    if (due.size() < size_t(kBatch)) break;
  }
  const std::vector<WebhookDelivery> later = store.deliveries(settings.clock() + kLookAgain, 1);
  return later.empty() ? settings.clock() + kLookAgain : later[0].next;
}

void Webhooks::Impl::deliver(const WebhookDelivery& delivery, std::set<std::string>& down) {
  const std::string host = host_of(delivery);
  WebhookAnswer answer;
  if (const auto problem = webhook_problem(delivery.url, settings.hosts)) {
    answer.error = *problem;
  } else if (down.contains(host)) {
    answer.error = "its host took nothing a moment ago";
  } else {
    answer = settings.send(make_post(delivery, settings.clock()));
  }
  if (is_taken(answer)) {
    return wait_for([&](Committed done) { store.remove_delivery(delivery.id, std::move(done)); });
  }
  if (!answer.status) down.insert(host);
  const int attempts = delivery.attempts + 1;
  const Millis now = settings.clock();
  if (is_too_late(delivery, attempts, now)) return give_up(delivery, answer, now);
  spdlog::info("webhook of job {} to {} {}; attempt {}", delivery.job, host, answer_text(answer), attempts);
  const Millis next = now + webhook_delay(attempts, settings.random());
  wait_for([&](Committed done) { store.set_delivery(delivery.id, attempts, next, std::move(done)); });
}

bool Webhooks::Impl::is_too_late(const WebhookDelivery& delivery, int attempts, Millis now) {
  const auto job = store.find(delivery.job);
  return job ? now - job->finished >= kGiveUp : attempts >= kMostAttempts;
}

void Webhooks::Impl::give_up(const WebhookDelivery& delivery, const WebhookAnswer& answer, Millis now) {
  const std::string message = "the webhook to " + host_of(delivery) + " was given up after " +
                              std::to_string(delivery.attempts + 1) + " attempts; the last one " + answer_text(answer);
  spdlog::warn("job {}: {}", delivery.job, message);
  if (store.find(delivery.job)) {
    JobEvent event{.job = delivery.job, .type = "warning", .data = {{"message", message}}, .time = now};
    store.add_event(std::move(event), [](auto...) {});
  }
  wait_for([&](Committed done) { store.remove_delivery(delivery.id, std::move(done)); });
}

Webhooks::Webhooks(JobStore& store, WebhookSettings settings)
    : impl_(new Impl{.store = store, .settings = std::move(settings), .mutex = {}, .changed = {}, .thread = {}}) {}

Webhooks::~Webhooks() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Webhooks::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Millis Webhooks::deliver_due() { return impl_->deliver_due(); }

void Webhooks::wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->woken = true;
  }
  impl_->changed.notify_all();
}

}  // namespace heddle
