#include "engine/jobs/job_service.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <thread>

#include "engine/jobs/job_queue.h"
#include "engine/jobs/job_run.h"
#include "engine/jobs/new_id.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

// Checked graphs that are kept until their job's turn: those of a long queue would be much to hold.
constexpr size_t kMostReady = 100;

std::string words_of(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

void log_failure(const char* deed, const std::string& job, std::exception_ptr failure) {
  if (failure) spdlog::error("job {}: cannot {}: {}", job, deed, words_of(failure));
}

std::string owner_of(const JobRecord& job) { return std::string(text_or(member(job.request, "client_id"), "")); }

std::shared_ptr<Gate> open_gate() {
  auto gate = std::make_shared<Gate>();
  gate->open();
  return gate;
}

// What became of a job.
struct JobEnd {
  JobState state;
  Json result;
  Millis time;
};

JobRecord ended(const LiveJob& job, const JobEnd& ending) {
  JobRecord record = record_now(job);
  record.state = ending.state;
  record.result = ending.result;
  record.finished = ending.time;
  return record;
}

}  // namespace

struct JobService::Impl {
  Impl(JobStore& store, Workshop workshop, ServiceSettings settings, MillisClock clock)
      : store(store), workshop(std::move(workshop)), settings(settings), clock(std::move(clock)) {}

  JobStore& store;
  Workshop workshop;
  ServiceSettings settings;
  MillisClock clock;
  const std::shared_ptr<Teller> teller = std::make_shared<Teller>();  // the store's thread may hold it a moment longer

  mutable std::mutex mutex;  // guards all below
  std::condition_variable changed, ending;
  JobQueue queue;
  LiveJobPtr running;
  size_t being_accepted = 0;
  double next_number = 0;
  int64_t next_waiter = 1;
  bool paused = false, stopping = false, free_wanted = false;
  std::vector<std::function<void()>> to_write_again;
  std::thread worker, janitor;

  void take_up();
  void take_up_running(JobRecord job);
  void work();
  void clean();
  void prune();
  std::optional<WebhookDelivery> webhook_of(const JobRecord& job) const {
    return settings.webhook ? settings.webhook(job) : std::nullopt;
  }
  void run(const LiveJobPtr& job);
  void put_back(const LiveJobPtr& job);
  void end(const LiveJobPtr& job, JobRun::Outcome outcome);
  void end_pending(const LiveJobPtr& job, std::unique_lock<std::mutex>& lock);
  void write_end(const LiveJobPtr& job, const std::shared_ptr<const JobEnd>& ending, Teller::Place place);
  void settle(const LiveJobPtr& job, const JobEnd& ending);
  JobVoice voice(const LiveJobPtr& job);
  EventKept release(const std::string& job, Teller::Place place);
  struct NewJob {
    JobRecord record;
    bool holds_events;
    std::shared_ptr<ReadyGraph> ready;
  };
  void accepted(NewJob job, const AcceptedJob& accepted, const SubmitDone& done);
  Telling telling(const LiveJobPtr& job, std::string type, Json data = Json::object()) const;
};

Telling JobService::Impl::telling(const LiveJobPtr& job, std::string type, Json data) const {
  return {.event = {.number = 0, .job = job->record->id, .type = std::move(type), .data = std::move(data), .time = clock()},
          .owner = owner_of(*job->record),
          .gate = job->gate,
          .preview = nullptr,
          .before = nullptr};
}

// An event that could not be kept is told all the same, as a passing one.
EventKept JobService::Impl::release(const std::string& job, Teller::Place place) {
  return [this, job, place](int64_t number, std::exception_ptr failure) {
    log_failure("keep an event", job, failure);
    teller->release(place, failure ? 0 : number);
  };
}

JobVoice JobService::Impl::voice(const LiveJobPtr& job) {
  return {.keep =
              [this, job](std::string type, Json data) {
                Telling one = telling(job, std::move(type), std::move(data));
                JobEvent event = one.event;
                const Teller::Place place = teller->tell(std::move(one), /*hold=*/true);
                store.add_event(std::move(event), release(job->record->id, place));
              },
          .pass = [this, job](std::string type,
                              Json data) { teller->tell(telling(job, std::move(type), std::move(data))); },
          .preview =
              [this, job](const std::string& step, const Picture& picture) {
                Telling one = telling(job, "preview", {{"step", step}});
                one.preview = std::make_shared<const Picture>(picture);
                teller->tell(std::move(one));
              }};
}

// What a server before this one has left: jobs that wait, and jobs that ran when it ended.
void JobService::Impl::take_up() {
  store.flush();
  paused = is_true(store.setting("paused"));
  JobQuery query{.state = JobState::kRunning, .oldest_first = true, .limit = 1'000'000};
  for (JobRecord& job : store.list(query)) take_up_running(std::move(job));
  store.flush();
  query.state = JobState::kQueued;
  const std::lock_guard lock(mutex);
  for (JobRecord& job : store.list(query)) {
    next_number = std::max(next_number, std::floor(job.place.number) + 1);
    queue.add(make_live(std::move(job), open_gate()));
  }
}

void JobService::Impl::take_up_running(JobRecord job) {
  remove_unfinished_files(store, job.id, workshop.hashes);
  const int crashes = job.crashes + 1;
  const auto log = [id = job.id](int64_t, std::exception_ptr failure) { log_failure("take it up again", id, failure); };
  if (crashes < settings.max_crashes) {
    spdlog::warn("job {} was running when the server ended; it is queued again", job.id);
    return store.requeue(job.id, crashes, clock(), log);
  }
  const std::string message = "the server ended " + std::to_string(crashes) +
                              " times in a row while this job ran, without a newly finished step; it is not queued again. "
                              "POST /v1/jobs/" + job.id + "/retry runs it once more";
  spdlog::error("job {}: {}", job.id, message);
  job.state = JobState::kFailed;
  job.result = {{"outputs", Json::object()}, {"files", Json::array()}, {"error", {{"step", ""}, {"node", ""}, {"message", message}}}};
  job.finished = clock();
  store.finish(job.id, job.state, job.result, job.finished, webhook_of(job), log);
}

void JobService::Impl::work() {
  std::unique_lock lock(mutex);
  while (true) {
    const auto can_run = [&] { return !paused && !queue.pending().empty(); };
    changed.wait(lock, [&] { return stopping || free_wanted || can_run(); });
    if (stopping) return;
    if (std::exchange(free_wanted, false)) {
      lock.unlock();
      if (workshop.cache && workshop.cache->memory()) workshop.cache->memory()->clear();
      lock.lock();
      continue;
    }
    const LiveJobPtr job = running = queue.take_next();
    lock.unlock();
    run(job);
    lock.lock();
    running = nullptr;
    changed.notify_all();
  }
}

// What is done beside the jobs: ends that could not be written down, and what has had its time.
void JobService::Impl::clean() {
  using std::chrono::steady_clock;
  steady_clock::time_point next_pruning = steady_clock::now();
  std::unique_lock lock(mutex);
  while (!stopping) {
    const auto again = std::exchange(to_write_again, {});
    lock.unlock();
    for (const auto& write : again) write();
    if (steady_clock::now() >= next_pruning) {
      prune();
      next_pruning = steady_clock::now() + std::chrono::minutes(1);
    }
    lock.lock();
    ending.wait_for(lock, std::chrono::seconds(1), [&] { return stopping; });
  }
}

void JobService::Impl::prune() {
  const Millis before = settings.history_age > 0 ? clock() - settings.history_age : 0;
  while (true) {
    const std::vector<std::string> old = store.outdated(settings.history_count, before);
    if (old.empty()) break;
    store.remove(old, [](std::exception_ptr failure) {
      if (failure) spdlog::error("cannot remove old jobs from the history: {}", words_of(failure));
    });
    store.flush();
    if (store.outdated(settings.history_count, before) == old) break;  // it did not work; next minute again
  }
  if (settings.tidy) settings.tidy();
}

void JobService::Impl::run(const LiveJobPtr& job) {
  {
    const std::lock_guard lock(mutex);
    job->state = JobState::kRunning;
    if (job->started == 0) job->started = std::max(clock(), job->record->created);  // the clock may have been set back
  }
  const std::string& id = job->record->id;
  store.start(id, job->started, release(id, teller->tell(telling(job, "started"), /*hold=*/true)));
  JobRun run(*job->record, std::exchange(job->ready, nullptr), workshop, store, voice(job));
  JobRun::Outcome outcome = run.carry_out(job->cancel, std::time_t(clock() / 1000));
  bool back = false;
  {
    const std::lock_guard lock(mutex);
    back = job->put_back && outcome.state == JobState::kCancelled;
    job->ending = !back;
  }
  if (back) return put_back(job);
  end(job, std::move(outcome));
}

void JobService::Impl::put_back(const LiveJobPtr& job) {
  const Teller::Place place = teller->tell(telling(job, "requeued"), /*hold=*/true);
  store.requeue(job->record->id, job->record->crashes, clock(), release(job->record->id, place));
}

// The end of a job is told, and the job leaves the queue, once that is on disk; the next job need not wait for it.
void JobService::Impl::end(const LiveJobPtr& job, JobRun::Outcome outcome) {
  const auto ending = std::make_shared<const JobEnd>(JobEnd{outcome.state, std::move(outcome.result), std::max(clock(), job->started)});
  Json data = Json::object();
  if (ending->result.contains("error")) data["error"] = ending->result["error"];
  if (job->started == 0) data["started"] = false;
  Telling one = telling(job, std::string(name_of(ending->state)), std::move(data));
  one.before = [this, job, ending] { settle(job, *ending); };
  write_end(job, ending, teller->tell(std::move(one), /*hold=*/true));
}

// Cancelled before it ran. REQUIRES: it has been withdrawn from the queue. Lets the lock go.
void JobService::Impl::end_pending(const LiveJobPtr& job, std::unique_lock<std::mutex>& lock) {
  job->ending = true;
  lock.unlock();
  end(job, {.state = JobState::kCancelled, .result = {{"outputs", Json::object()}, {"files", Json::array()}}});
}

void JobService::Impl::write_end(const LiveJobPtr& job, const std::shared_ptr<const JobEnd>& ending, Teller::Place place) {
  std::optional<WebhookDelivery> webhook;
  if (job->record->request.contains("webhook")) webhook = webhook_of(ended(*job, *ending));
  const bool owed = webhook.has_value();
  store.finish(job->record->id, ending->state, ending->result, ending->time, std::move(webhook),
               [this, job, ending, place, owed](int64_t number, std::exception_ptr failure) {
                 if (!failure && owed && settings.webhook_kept) settings.webhook_kept();
                 if (!failure) return teller->release(place, number);
                 // A full disk, mostly. The job stays what it was until its end can be written down.
                 log_failure("write down its end; it is tried again each second", job->record->id, failure);
                 const std::lock_guard lock(mutex);
                 to_write_again.push_back([this, job, ending, place] { write_end(job, ending, place); });
               });
}

void JobService::Impl::settle(const LiveJobPtr& job, const JobEnd& ending) {
  std::unique_lock lock(mutex);
  queue.forget(job->record->id);
  const auto waiting = std::move(job->waiting);
  lock.unlock();
  for (const auto& [number, call] : waiting) call(ended(*job, ending));
}

JobService::JobService(JobStore& store, Workshop workshop, ServiceSettings settings, MillisClock clock)
    : impl_(std::make_unique<Impl>(store, std::move(workshop), settings, std::move(clock))) {}

JobService::~JobService() { stop(/*finish_running=*/false); }

void JobService::add_listener(JobListener& listener) { impl_->teller->add_listener(listener); }

void JobService::start() {
  impl_->take_up();
  impl_->store.after_each_commit([teller = impl_->teller] { teller->wake(); });
  impl_->teller->start();
  impl_->worker = std::thread([impl = impl_.get()] { impl->work(); });
  impl_->janitor = std::thread([impl = impl_.get()] { impl->clean(); });
}

void JobService::stop(bool finish_running) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    if (impl_->running && !finish_running && !impl_->running->ending) {
      impl_->running->put_back = true;
      impl_->running->cancel.request();
    }
  }
  impl_->changed.notify_all();
  impl_->ending.notify_all();
  if (impl_->worker.joinable()) impl_->worker.join();
  if (impl_->janitor.joinable()) impl_->janitor.join();
  impl_->store.flush();
  impl_->teller->stop();
}

void JobService::submit(Submission submission, SubmitDone done) {
  JobRecord record{.id = submission.id.empty() ? new_id() : submission.id, .request = std::move(submission.request)};
  record.created = impl_->clock();
  record.place.priority = submission.priority;
  {
    const std::lock_guard lock(impl_->mutex);
    const size_t waiting = impl_->queue.pending().size() + impl_->being_accepted;
    if (waiting >= impl_->settings.max_queue || impl_->stopping) {
      const std::string why = impl_->stopping ? "the server is stopping"
                                              : std::to_string(waiting) + " jobs are waiting, which is as many as this server takes";
      return done({}, std::make_exception_ptr(QueueFull(why + "; try again later")));
    }
    ++impl_->being_accepted;
    if (submission.number) {
      record.place.number = *submission.number;
    } else {
      const double number = impl_->next_number++;
      record.place.number = submission.front ? -number : number;
    }
  }
  auto kept = std::make_shared<Impl::NewJob>(
      Impl::NewJob{std::move(record), submission.hold_events, std::move(submission.ready)});
  Idempotency idempotency = std::move(submission.idempotency);
  impl_->store.accept(kept->record, std::move(idempotency),
                      [impl = impl_.get(), kept, done = std::move(done)](const AcceptedJob& accepted,
                                                                         std::exception_ptr failure) {
                        if (!failure && accepted.is_new) return impl->accepted(std::move(*kept), accepted, done);
                        {
                          const std::lock_guard lock(impl->mutex);
                          --impl->being_accepted;
                        }
                        if (failure) return done({}, failure);
                        done({.id = accepted.id, .place = {}, .is_new = false, .gate = open_gate()}, nullptr);
                      });
}

// On the store's thread, once the job is on disk.
void JobService::Impl::accepted(NewJob fresh, const AcceptedJob& accepted, const SubmitDone& done) {
  fresh.record.order = accepted.order;
  const Accepted answer{.id = fresh.record.id,
                        .place = fresh.record.place,
                        .is_new = true,
                        .gate = fresh.holds_events ? std::make_shared<Gate>() : open_gate()};
  const LiveJobPtr job = make_live(std::move(fresh.record), answer.gate);
  Telling one = telling(job, "queued");
  one.event.number = accepted.event;
  {
    const std::lock_guard lock(mutex);
    --being_accepted;
    if (queue.pending().size() < kMostReady) job->ready = std::move(fresh.ready);
    queue.add(job);
    teller->tell(std::move(one));
  }
  changed.notify_all();
  done(answer, nullptr);
}

JobService::Queue JobService::queue() const {
  const std::lock_guard lock(impl_->mutex);
  Queue queue{.running = {}, .pending = {}, .paused = impl_->paused};
  // A job whose end is on its way to the disk is still running, for whoever asks.
  impl_->queue.for_each([&](const LiveJobPtr& job) {
    if (job->state == JobState::kRunning) queue.running.push_back(std::make_shared<const JobRecord>(record_now(*job)));
  });
  for (const LiveJobPtr& job : impl_->queue.pending()) {
    queue.pending.push_back(std::make_shared<const JobRecord>(record_now(*job)));
  }
  return queue;
}

size_t JobService::remaining() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.live();
}

std::optional<JobRecord> JobService::find(const std::string& job) const {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const LiveJobPtr live = impl_->queue.find(job)) return record_now(*live);
  }
  return impl_->store.find(job);
}

void JobService::cancel(const std::string& job, std::function<void(CancelOutcome)> done) {
  std::unique_lock lock(impl_->mutex);
  const LiveJobPtr live = impl_->queue.find(job);
  if (!live) {
    lock.unlock();
    const auto record = impl_->store.find(job);
    return done(record ? CancelOutcome::kAlreadyOver : CancelOutcome::kUnknown);
  }
  live->waiting.emplace_back(0, [done](const std::optional<JobRecord>& record) {
    done(record->state == JobState::kCancelled ? CancelOutcome::kCancelled : CancelOutcome::kAlreadyOver);
  });
  live->cancel.request();
  if (impl_->queue.withdraw(live)) impl_->end_pending(live, lock);  // else it runs, or is ending already
}

void JobService::cancel_pending(const std::string& job, std::function<void(CancelOutcome)> done) {
  std::unique_lock lock(impl_->mutex);
  const LiveJobPtr live = impl_->queue.find(job);
  if (!live || !impl_->queue.withdraw(live)) {
    lock.unlock();
    return done(CancelOutcome::kAlreadyOver);
  }
  live->waiting.emplace_back(0, [done](const std::optional<JobRecord>&) { done(CancelOutcome::kCancelled); });
  impl_->end_pending(live, lock);
}

void JobService::interrupt(const std::string& job) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->running || impl_->running->ending) return;
  if (job.empty() || impl_->running->record->id == job) impl_->running->cancel.request();
}

std::optional<QueuePlace> JobService::move(const std::string& job, std::optional<int64_t> priority,
                                           std::optional<size_t> position) {
  const std::lock_guard lock(impl_->mutex);
  const LiveJobPtr live = impl_->queue.find(job);
  if (!live || !impl_->queue.is_pending(live)) return std::nullopt;
  QueuePlace place = live->place;
  if (priority) {
    place.priority = *priority;
    impl_->queue.move(live, place);
  }
  if (position) {
    place = impl_->queue.place_at(live, *position);
    impl_->queue.move(live, place);
  }
  impl_->store.set_place(job, place, [job](std::exception_ptr failure) { log_failure("keep its place", job, failure); });
  return place;
}

void JobService::pause(bool paused) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->paused = paused;
  }
  impl_->store.set_setting("paused", paused, [](std::exception_ptr failure) {
    if (failure) spdlog::error("cannot keep whether the queue is paused: {}", words_of(failure));
  });
  impl_->changed.notify_all();
}

int64_t JobService::when_over(const std::string& job, std::function<void(std::optional<JobRecord>)> call) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (const LiveJobPtr live = impl_->queue.find(job)) {
      live->waiting.emplace_back(impl_->next_waiter, std::move(call));
      return impl_->next_waiter++;
    }
  }
  call(impl_->store.find(job));
  return 0;
}

void JobService::forget_when_over(int64_t number) {
  if (number == 0) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->queue.for_each([&](const LiveJobPtr& job) {
    std::erase_if(job->waiting, [&](const auto& waiter) { return waiter.first == number; });
  });
}

void JobService::free_memory() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->free_wanted = true;
  }
  impl_->changed.notify_all();
}

JobStore& JobService::store() { return impl_->store; }
const Workshop& JobService::workshop() const { return impl_->workshop; }

}  // namespace heddle
