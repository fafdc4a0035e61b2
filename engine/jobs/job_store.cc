#include "engine/jobs/job_store.h"

#include <future>
#include <utility>

namespace heddle {

AcceptedJob accept_and_wait(JobStore& store, JobRecord job, Idempotency idempotency) {
  // Shared: the store may still be leaving set_value() when get() returns here.
  const auto promise = std::make_shared<std::promise<AcceptedJob>>();
  store.accept(std::move(job), std::move(idempotency),
               [promise](const AcceptedJob& accepted, std::exception_ptr failure) {
                 if (failure) return promise->set_exception(std::move(failure));
                 promise->set_value(accepted);
               });
  return promise->get_future().get();
}

void wait_for(const std::function<void(Committed done)>& write) {
  const auto promise = std::make_shared<std::promise<void>>();
  write([promise](std::exception_ptr failure) {
    if (failure) return promise->set_exception(std::move(failure));
    promise->set_value();
  });
  promise->get_future().get();
}

}  // namespace heddle
