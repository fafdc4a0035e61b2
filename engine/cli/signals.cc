#include "engine/cli/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "engine/cli/options.h"

namespace heddle::cli {
namespace {

// A signal handler gets no argument, so what it sets has to be found from here.
std::atomic<CancelFlag*> cancel_flag{nullptr};
static_assert(std::atomic<CancelFlag*>::is_always_lock_free &&
              std::atomic<int64_t>::is_always_lock_free);

// `timeout` and some supervisors send a signal to the process and to its group: that is one
// request.
constexpr int64_t kSameRequest = 300;  // milliseconds
std::atomic<int64_t> first_request{0};

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

// Calls nothing that is not safe in a signal handler.
void on_signal(int) {
  const int before = errno;
  CancelFlag* flag = cancel_flag.load();
  if (!flag) _exit(kCancelled);
  if (flag->requested()) {
    if (now() - first_request.load() > kSameRequest) _exit(kCancelled);
    return;
  }
  first_request.store(now());
  flag->request();
  constexpr std::string_view kMessage = "\nstopping; press Ctrl-C again to stop at once\n";
  // Nothing can be done if there is nobody to tell.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage.data(), kMessage.size());
  errno = before;
}

}  // namespace

CancelOnSignals::CancelOnSignals(CancelFlag& flag) {
  cancel_flag.store(&flag);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &interrupt_before_);
  sigaction(SIGTERM, &action, &terminate_before_);
}

CancelOnSignals::~CancelOnSignals() {
  sigaction(SIGINT, &interrupt_before_, nullptr);
  sigaction(SIGTERM, &terminate_before_, nullptr);
  cancel_flag.store(nullptr);
}

}  // namespace heddle::cli
