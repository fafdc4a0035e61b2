#include "engine/server/job_submit.h"

#include <atomic>
#include <charconv>

#include "engine/server/blobs.h"
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
  std::shared_ptr<Alarm> alarm;
  Respond respond;
  bool picture = false;
  int wait = 0;

  Response with_job(const std::string& job, int status) const {
    const auto record = site.jobs.find(job);
    if (!record) return no_such("job", job);  // removed meanwhile
    Response response = v1_response(job_view(*record, site), status);
    add_location(response, job);
    return response;
  }

  Response finished(const JobRecord& record, bool is_new) const {
    if (!picture) return with_job(record.id, is_new ? 201 : 200);
    Response response = first_picture(record, site);
    add_location(response, record.id);
    return response;
  }

  void at_once(const Accepted& accepted) const {
    Response response = with_job(accepted.id, accepted.is_new ? 201 : 200);
    response.after_written = [gate = accepted.gate, grace = site.event_grace] {
      gate->open(std::chrono::steady_clock::now() + grace);
    };
    respond(std::move(response));
  }

  void when_over(const Accepted& accepted) const {
    const std::string job = accepted.id;
    const auto waiting = std::make_shared<std::atomic<int64_t>>(0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(wait);
    const int64_t alarm_number = alarm->set(deadline, [answer = *this, job, waiting] {
      answer.respond(answer.with_job(job, 202));
      answer.site.jobs.forget_when_over(waiting->load());
    });
    *waiting = site.jobs.when_over(
        job, [answer = *this, job, alarm_number, is_new = accepted.is_new](std::optional<JobRecord> record) {
          answer.respond(record ? answer.finished(*record, is_new) : no_such("job", job));
          answer.alarm->cancel(alarm_number);
        });
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
  submission.priority = body.priority;
  const std::string key(request.header("idempotency-key"));
  if (key.size() > kLongestKey) {
    return respond(problem_response(400, "bad_key", "Idempotency-Key is longer than 256 bytes"));
  }
  if (!key.empty()) submission.idempotency = {key, sha256_of(request.path + "\n" + request.body)};
  submission.hold_events = wait.seconds == 0;  // else the answer comes after all of them
  const Answer answer{site, alarm, std::move(respond), wants_picture(request), wait.seconds};
  site.jobs.submit(std::move(submission), [answer, key](const Accepted& accepted, std::exception_ptr failure) {
    if (failure) return answer.respond(failure_response(failure, key));
    if (answer.wait > 0) return answer.when_over(accepted);
    answer.at_once(accepted);
  });
}

}  // namespace heddle::server
