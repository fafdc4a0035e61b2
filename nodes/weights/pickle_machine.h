// The stack, the memo and the arena that pickle opcodes work on, with every limit in one place.
#pragma once

#include "nodes/weights/pickle_source.h"
#include "nodes/weights/pickle_values.h"

namespace heddle::weights {

class PickleMachine {
 public:
  explicit PickleMachine(const PickleSource& source) : source_(source) {}

  /// Where the opcode that runs now begins: errors and new values are placed there.
  void set_at(size_t at) { at_ = at; }
  [[noreturn]] void fail(const std::string& problem) const { source_.fail(at_, problem); }

  void push(PickleValue value);
  void push_container(PickleKind kind, std::vector<PickleId> items);
  void push_again(PickleId id);
  void mark();

  /// Never reach below the last mark. `what` is for the error.
  PickleId pop(const char* what);
  PickleId top(const char* what) const;
  /// What was pushed since the last mark, which goes too.
  std::vector<PickleId> pop_to_mark();

  void remember(uint64_t slot);
  void remember_next() { remember(remembered_); }
  void recall(uint64_t slot);

  /// Adds to the items of a container, which came out of `pop` or `top`.
  void add_items(PickleId container, const std::vector<PickleId>& items);

  PickleValue& operator[](PickleId id) { return tree_.values[id]; }
  const PickleValue& operator[](PickleId id) const { return tree_.values[id]; }
  const std::vector<PickleId>& items_of(PickleId id) const { return tree_.items_of(tree_[id]); }
  std::vector<PickledStorage>& storages() { return tree_.storages; }

  /// The one value that is left, as the root.
  PickleTree finish(size_t end);

 private:
  void spend(size_t steps);

  const PickleSource& source_;
  size_t at_ = 0;
  size_t spent_ = 0, remembered_ = 0;
  PickleTree tree_;
  std::vector<PickleId> stack_, memo_;
  std::vector<size_t> marks_;
};

}  // namespace heddle::weights
