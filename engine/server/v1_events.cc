#include "engine/server/v1_events.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/json_access.h"
#include "engine/server/job_json.h"
#include "engine/server/problem_json.h"

namespace heddle::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventBatch = 500;

bool is_final(const JobEvent& event) {
  const auto state = job_state_named(event.type);
  return state && is_over(*state);
}

bool is_passing(const JobEvent& event) { return event.type == "step_started" || event.type == "progress"; }

struct Subscriber {
  std::shared_ptr<Stream> stream;
  std::string job;
  int64_t cursor = 0;    // number of the last kept event it was sent
  bool is_live = false;  // nothing older is left for it
  bool is_done = false;

  bool wants(const JobEvent& event) const { return job.empty() || job == event.job; }
  void send(std::string text) {
    if (!is_done && !stream->write(std::move(text))) is_done = true;
  }
  void send_kept(const JobEvent& event) {
    if (is_done || event.number <= cursor || !wants(event)) return;
    cursor = event.number;
    send(event_text(event));
    if (job.empty() || !is_final(event)) return;
    stream->close();
    is_done = true;
  }
};

int64_t number_of(const Json& json) { return json.is_number() ? json.get<int64_t>() : 0; }

}  // namespace

Json event_json(const JobEvent& event) {
  Json json = Json::object();
  if (event.number) json["number"] = event.number;
  json["job"] = event.job;
  json["type"] = event.type;
  json["time"] = time_text(event.time);
  if (event.data.is_object()) json.update(event.data);
  return json;
}

std::string event_text(const JobEvent& event) {
  const std::string id = event.number ? "id: " + std::to_string(event.number) + "\n" : "";
  return id + "event: " + event.type + "\ndata: " + v1_text(event_json(event)) + "\n\n";
}

struct EventFeed::Impl {
  JobStore& store;
  const std::chrono::milliseconds heartbeat;

  // Of the thread alone.
  std::vector<Subscriber> subscribers;
  int64_t tail = 0;  // number of the last event that live subscribers were sent
  Clock::time_point next_beat;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<JobEvent> told;
  std::vector<Subscriber> newcomers;
  std::map<std::string, JobProgress> running;
  size_t audience = 0;    // subscribers and newcomers; while there is none, events are not passed on
  int64_t unheard = 0;    // number of the last event that was not
  bool stopping = false;
  std::thread thread;

  Impl(JobStore& store, std::chrono::milliseconds heartbeat)
      : store(store), heartbeat(heartbeat), tail(store.last_event_number()), next_beat(Clock::now() + heartbeat) {}

  void run();
  bool take(std::deque<JobEvent>& events);
  void tell(const JobEvent& event);
  void advance(int64_t number);
  void catch_up();
  void catch_up(Subscriber& subscriber);
  void send_progress(Subscriber& subscriber);
  void beat();
  void note(const JobEvent& event);
};

void EventFeed::Impl::run() {
  std::deque<JobEvent> events;
  while (take(events)) {
    try {
      for (const JobEvent& event : events) tell(event);
      catch_up();
    } catch (const std::exception& error) {
      spdlog::warn("events could not be read: {}", error.what());
    }
    events.clear();
    if (Clock::now() >= next_beat) beat();
    const size_t gone = std::erase_if(subscribers, [](const Subscriber& subscriber) { return subscriber.is_done; });
    const std::lock_guard lock(mutex);
    audience -= gone;
  }
  for (Subscriber& subscriber : subscribers) subscriber.stream->close();
}

// Waits for something to do; false when it is time to end.
bool EventFeed::Impl::take(std::deque<JobEvent>& events) {
  const bool lagging =
      std::any_of(subscribers.begin(), subscribers.end(), [](const Subscriber& s) { return !s.is_live; });
  std::unique_lock lock(mutex);
  if (!lagging) {
    changed.wait_until(lock, next_beat, [&] { return stopping || !told.empty() || !newcomers.empty(); });
  }
  if (subscribers.empty()) tail = std::max(tail, unheard);
  events.swap(told);
  std::move(newcomers.begin(), newcomers.end(), std::back_inserter(subscribers));
  newcomers.clear();
  return !stopping;
}

void EventFeed::Impl::tell(const JobEvent& event) {
  if (event.number) return advance(event.number);
  if (!is_passing(event)) return;
  for (Subscriber& subscriber : subscribers) {
    if (subscriber.is_live && subscriber.wants(event)) subscriber.send(event_text(event));
  }
}

// The store has that number, and so all before it.
void EventFeed::Impl::advance(int64_t number) {
  if (subscribers.empty()) tail = std::max(tail, number);
  while (number > tail) {
    const std::vector<JobEvent> batch = store.events("", tail, kEventBatch);
    if (batch.empty()) return;  // its job has been removed since
    for (Subscriber& subscriber : subscribers) {
      if (!subscriber.is_live) continue;
      for (const JobEvent& event : batch) subscriber.send_kept(event);
    }
    tail = batch.back().number;
  }
}

void EventFeed::Impl::catch_up() {
  for (Subscriber& subscriber : subscribers) {
    if (!subscriber.is_live && !subscriber.is_done) catch_up(subscriber);
  }
}

// A batch at a time: others are not kept waiting by a long past.
void EventFeed::Impl::catch_up(Subscriber& subscriber) {
  const std::vector<JobEvent> batch = store.events(subscriber.job, subscriber.cursor, kEventBatch);
  for (const JobEvent& event : batch) subscriber.send_kept(event);
  if (batch.size() == size_t(kEventBatch)) return;
  subscriber.is_live = true;
  send_progress(subscriber);
}

void EventFeed::Impl::send_progress(Subscriber& subscriber) {
  const std::lock_guard lock(mutex);
  for (const auto& [job, progress] : running) {
    JobEvent event{.job = job, .type = "progress", .time = system_millis()};
    event.data = {
        {"step", progress.step}, {"node", progress.node}, {"value", progress.value}, {"total", progress.total}};
    if (subscriber.wants(event)) subscriber.send(event_text(event));
  }
}

// Keeps what is between from closing a silent connection, and finds out who has gone.
void EventFeed::Impl::beat() {
  for (Subscriber& subscriber : subscribers) subscriber.send(": still here\n\n");
  next_beat = Clock::now() + heartbeat;
}

// REQUIRES: mutex is held.
void EventFeed::Impl::note(const JobEvent& event) {
  if (is_final(event) || event.type == "requeued") {
    running.erase(event.job);
  } else if (is_passing(event)) {
    JobProgress& progress = running[event.job];
    progress.step = text_or(member(event.data, "step"), "");
    if (const Json& node = member(event.data, "node"); node.is_string()) progress.node = node.get<std::string>();
    progress.value = number_of(member(event.data, "value"));
    progress.total = number_of(member(event.data, "total"));
  }
}

EventFeed::EventFeed(JobStore& store, std::chrono::milliseconds heartbeat)
    : impl_(std::make_unique<Impl>(store, heartbeat)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

EventFeed::~EventFeed() { stop(); }

void EventFeed::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void EventFeed::subscribe(std::shared_ptr<Stream> stream, std::string job, int64_t after) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->newcomers.push_back({.stream = std::move(stream), .job = std::move(job), .cursor = after});
    ++impl_->audience;
  }
  impl_->changed.notify_all();
}

std::optional<JobProgress> EventFeed::progress(const std::string& job) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->running.find(job);
  if (found == impl_->running.end()) return std::nullopt;
  return found->second;
}

void EventFeed::on_event(const JobEvent& event, const std::string&, const std::shared_ptr<Gate>&) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->note(event);
    if (impl_->audience == 0) {
      impl_->unheard = std::max(impl_->unheard, event.number);
      return;
    }
    impl_->told.push_back(event);
  }
  impl_->changed.notify_all();
}

}  // namespace heddle::server
