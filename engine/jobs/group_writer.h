// The queue of writes and the one thread that carries them out: all that wait go into one transaction, so that one
// flush of the disk serves many of them. A write that fails does not spoil the others of its group.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace heddle {

/// What the writes happen in. Called by the writer's thread only.
class Transactions {
 public:
  virtual ~Transactions() = default;
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void roll_back() = 0;  // does nothing if none is open
  virtual bool is_open() = 0;
  /// Grows with each row written: tells a write that was refused from one that broke off half-way.
  virtual int64_t changes() = 0;
};

class GroupWriter {
 public:
  /// May be carried out a second time, after the first time was rolled back. Throws what prevents it.
  using Apply = std::function<void()>;
  using Done = std::function<void(std::exception_ptr failure)>;

  enum class Hurry { kNow, kHasTime };
  static constexpr std::chrono::milliseconds kTime{3};

  /// `transactions` outlives the writer.
  explicit GroupWriter(Transactions& transactions);
  /// Carries out what waits.
  ~GroupWriter();

  /// `done` is called after the commit or the failure, on the writer's thread, in the order of the calls; it must not
  /// throw. What has time goes with the next write that has none, or kTime later.
  void add(Apply apply, Done done, Hurry hurry = Hurry::kNow);
  /// `told` is called after the `done`s of each group: what they were for may be looked at together.
  void after_each_group(std::function<void()> told);
  /// Waits until all that was added before is done. Not from the writer's own thread.
  void flush();

 private:
  struct Write {
    Apply apply;
    Done done;
    std::exception_ptr failure = nullptr;
  };

  void work();
  std::vector<Write> next_group();
  void carry_out(std::span<Write> group);
  bool attempt(std::span<Write> group);
  bool apply(Write& write);

  Transactions& transactions_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Write> waiting_;
  std::function<void()> told_;
  bool stopping_ = false, hurry_ = false;  // hurry_: one of those that wait has no time
  std::thread thread_;  // last: it uses what is above
};

}  // namespace heddle
