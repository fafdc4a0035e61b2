#include "engine/jobs/group_writer.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <memory>
#include <utility>

namespace heddle {
namespace {

// More would not be quicker, and the first would wait for the last.
constexpr size_t kMostInGroup = 1000;

}  // namespace

GroupWriter::GroupWriter(Transactions& transactions) : transactions_(transactions), thread_([this] { work(); }) {}

GroupWriter::~GroupWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void GroupWriter::add(Apply apply, Done done, Hurry hurry) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(apply), std::move(done)});
    if (hurry == Hurry::kHasTime && waiting_.size() > 1) return;  // the writer knows that something waits
    if (hurry == Hurry::kNow && std::exchange(hurry_, true)) return;
  }
  changed_.notify_all();
}

void GroupWriter::after_each_group(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

void GroupWriter::flush() {
  const auto reached = std::make_shared<std::promise<void>>();
  add([] {}, [reached](std::exception_ptr) { reached->set_value(); });
  reached->get_future().wait();
}

void GroupWriter::work() {
  while (true) {
    std::vector<Write> group = next_group();
    if (group.empty()) return;
    carry_out(group);
    for (Write& write : group) {
      if (write.done) write.done(std::move(write.failure));
    }
    std::unique_lock lock(mutex_);
    const std::function<void()> told = told_;
    lock.unlock();
    if (told) told();
  }
}

// Empty when the writer is to stop and nothing waits.
std::vector<GroupWriter::Write> GroupWriter::next_group() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  changed_.wait_for(lock, kTime, [this] { return stopping_ || hurry_; });
  hurry_ = waiting_.size() > kMostInGroup;
  if (waiting_.size() <= kMostInGroup) return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + ptrdiff_t(kMostInGroup);
  std::vector<Write> group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return group;
}

void GroupWriter::carry_out(std::span<Write> group) {
  if (attempt(group)) return;
  // One of them brought the others down: each for itself.
  for (size_t i = 0; i < group.size(); ++i) attempt(group.subspan(i, 1));
}

// False if the group has to be divided; else every write of it is on disk or has its failure.
bool GroupWriter::attempt(std::span<Write> group) {
  const auto fail_all = [&](const std::exception_ptr& failure) {
    for (Write& write : group) write.failure = failure;
  };
  try {
    transactions_.begin();
  } catch (...) {
    fail_all(std::current_exception());  // it would be no better for each alone
    return true;
  }
  for (Write& write : group) {
    if (apply(write)) continue;
    transactions_.roll_back();
    return group.size() == 1;
  }
  try {
    transactions_.commit();
    return true;
  } catch (...) {
    fail_all(std::current_exception());
  }
  transactions_.roll_back();
  return group.size() == 1;
}

// False if the transaction is no good any more.
bool GroupWriter::apply(Write& write) {
  write.failure = nullptr;
  const int64_t before = transactions_.changes();
  try {
    write.apply();
    return true;
  } catch (...) {
    write.failure = std::current_exception();
  }
  return transactions_.is_open() && transactions_.changes() == before;
}

}  // namespace heddle
