// The few lines that tests of the job store share.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/jobs/job_store.h"
#include "tests/engine/temporary_folder.h"

namespace heddle::test {

inline constexpr Millis kNow = 1'700'000'000'000;  // 2023-11-14 22:13:20

inline std::unique_ptr<JobStore> open_store(const std::filesystem::path& folder,
                                            Durability durability = Durability::kProcess) {
  std::string notice;
  auto store = open_sqlite_store(folder, durability, kNow, notice);
  EXPECT_EQ(notice, "");
  return store;
}

inline JobRecord job_named(const std::string& id) {
  JobRecord job;
  job.id = id;
  job.created = kNow;
  job.request = {{"graph", {{"1", {{"class_type", "Number"}}}}}};
  return job;
}

inline AcceptedJob accept(JobStore& store, const std::string& id, const Idempotency& idempotency = {}) {
  return accept_and_wait(store, job_named(id), idempotency);
}
/// A write that keeps an event, waited for; the event's number.
inline int64_t kept_event(const std::function<void(EventKept done)>& write) {
  int64_t kept = 0;
  wait_for([&](Committed done) {
    write([&kept, done = std::move(done)](int64_t number, std::exception_ptr failure) {
      kept = number;
      done(failure);
    });
  });
  return kept;
}
inline int64_t start(JobStore& store, const std::string& id, Millis now = kNow) {
  return kept_event([&](EventKept done) { store.start(id, now, std::move(done)); });
}
inline int64_t finish(JobStore& store, const std::string& id, JobState state = JobState::kSucceeded, Millis now = kNow,
                   Json result = Json::object()) {
  return kept_event([&](EventKept done) { store.finish(id, state, std::move(result), now, {}, std::move(done)); });
}
inline int64_t add_event(JobStore& store, JobEvent event) {
  return kept_event([&](EventKept done) { store.add_event(std::move(event), std::move(done)); });
}

/// "7 queued {}\n8 started {}\n"
inline std::string event_lines(JobStore& store, const std::string& job, int64_t after = 0, int limit = 100) {
  std::string lines;
  for (const JobEvent& event : store.events(job, after, limit)) {
    lines += std::to_string(event.number) + " " + (job.empty() ? event.job + " " : "") + event.type + " " +
             dump_python(event.data) + "\n";
  }
  return lines;
}

inline std::string ids(const std::vector<JobRecord>& jobs) {
  std::string text;
  for (const JobRecord& job : jobs) text += (text.empty() ? "" : " ") + job.id;
  return text;
}

/// The message of what `call` throws, or "".
template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace heddle::test
