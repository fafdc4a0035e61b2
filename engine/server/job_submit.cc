#include "engine/server/job_submit.h"

#include <atomic>
#include <charconv>

#include "engine/server/blobs.h"
#include "engine/server/disk_space.h"
#include "engine/server/job_json.h"
#include "engine/server/job_view.h"
#include "engine/server/problem_json.h"

namespace heddle::server {
namespace {

constexpr int kLongestWait = 300;
constexpr size_t kLongestKey = 256;
constexpr const char* kRetryAfter = "5";  // seconds

bool wants_picture(const Request& request) { return request.header("accept").starts_with("image/"); }

void add_location(Response& response, const std::string& job) {
  response.headers.emplace_back("Location", "/v1/jobs/" + job);
}

Response failure_response(std::exception_ptr failure, const std::string& key) {
  try {
    std::rethrow_exception(failure);
  } catch (const QueueFull& error) {
    Response response = problem_response(429, "queue_full", error.what());
    response.headers.emplace_back("Retry-After", kRetryAfter);
    return response;
  } catch (const DuplicateJob& error) {
    return problem_response(409, "duplicate_job", error.what());
  } catch (const IdempotencyConflict&) {
    return problem_response(
        409, "idempotency_conflict",
        "Idempotency-Key \"" + key + "\" came before with another request; a key stands for one request");
  } catch (const std::exception& error) {
    return problem_response(503, "not_kept", std::string("the job could not be kept: ") + error.what());
  }
}

// The answer to a job that has been taken; whoever waits may get it later.
struct Answer {
  Site& site;
  std::weak_ptr<Alarm> alarm;  // which keeps answers itself
  Respond respond;
  bool picture = false;
  int wait = 0;
  std::string warning = "";  // about the disk

  /// What `make` gives. Nobody up there would catch what it throws.
  template <class Make>
  void give(const Make& make) const {
    try {
      respond(make());
    } catch (const std::exception& error) {
      respond(problem_response(500, "internal", std::string("the job was taken, but cannot be shown: ") + error.what()));
    }
  }

  /// On the store's thread, which has others to serve: only what is at hand.
  void at_once(const Accepted& accepted) const {
    give([&] {
      const auto record = site.jobs.find(accepted.id);
      if (!record) return no_such("job", accepted.id);  // removed meanwhile
      Json job = job_json(*record);
      if (!warning.empty()) job["warnings"] = Json::array({warning});
      Response response = v1_response(job, accepted.is_new ? 201 : 200);
      add_location(response, accepted.id);
      response.after_written = [gate = accepted.gate, grace = site.event_grace] {
        gate->open(std::chrono::steady_clock::now() + grace);
      };
      return response;
    });
  }

  /// The answers are made on the alarm's thread: looking at a job reads the store.
  void when_over(const Accepted& accepted) const {
    const std::string job = accepted.id;
    const auto clock = alarm.lock();
    const auto waiting = std::make_shared<std::atomic<int64_t>>(0);
    const int64_t at_deadline = clock->set(std::chrono::steady_clock::now() + std::chrono::seconds(wait), [=, *this] {
      give([&] { return still_running(job); });
      site.jobs.forget_when_over(waiting->load());
    });
    *waiting = site.jobs.when_over(job, [=, *this, is_new = accepted.is_new](const std::optional<JobRecord>& record) {
      const auto clock = alarm.lock();
      if (!clock) return;
      clock->cancel(at_deadline);
      clock->set(std::chrono::steady_clock::now(), [=, *this] {
        give([&] { return record ? finished(*record, is_new) : no_such("job", job); });
      });
    });
  }

  Response still_running(const std::string& job) const {
    const auto record = site.jobs.find(job);
    if (!record) return no_such("job", job);
    if (is_over(record->state)) return finished(*record, true);
    Response response = v1_response(job_view(*record, site), 202);
    add_location(response, job);
    return response;
  }

  Response finished(const JobRecord& record, bool is_new) const {
    Response response = picture ? first_picture(record, site) : v1_response(job_view(record, site), is_new ? 201 : 200);
    add_location(response, record.id);
    return response;
  }
};

}  // namespace

Wait wait_of(const Request& request) {
  const auto text = request.parameter("wait");
  if (!text) return {};
  int seconds = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error == std::errc() && end == text->data() + text->size() && seconds >= 0 && seconds <= kLongestWait) {
    return {seconds, {}};
  }
  return {0, problem_response(400, "bad_wait",
                              "wait must be a whole number of seconds from 0 to 300, got \"" + *text + "\"")};
}

void submit_job(const Request& request, JobBody body, Site& site, const std::shared_ptr<Alarm>& alarm,
                Respond respond) {
  Wait wait = wait_of(request);
  if (wait.refusal) return respond(std::move(*wait.refusal));
  if (!body.problems.empty()) return respond(refuse_job(body));
  Submission submission;
  submission.id = std::move(body.id);
  submission.request = std::move(body.request);
  submission.ready = std::make_shared<ReadyGraph>(ReadyGraph{std::move(body.graph), std::move(body.checked)});
  submission.priority = body.priority;
  const std::string key(request.header("idempotency-key"));
  if (key.size() > kLongestKey) {
    return respond(problem_response(400, "bad_key", "Idempotency-Key is longer than 256 bytes"));
  }
  if (!key.empty()) submission.idempotency = {key, sha256_of(request.path + "\n" + request.body)};
  submission.hold_events = wait.seconds == 0;  // else the answer comes after all of them
  const Answer answer{site, alarm, std::move(respond), wants_picture(request), wait.seconds, space_warning(site)};
  site.jobs.submit(std::move(submission), [answer, key](const Accepted& accepted, std::exception_ptr failure) {
    if (failure) return answer.respond(failure_response(failure, key));
    if (answer.wait > 0) return answer.when_over(accepted);
    answer.at_once(accepted);
  });
}

}  // namespace heddle::server
