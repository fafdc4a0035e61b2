#include "nodes/weights/pickle_machine.h"

#include <limits>

namespace heddle::weights {
namespace {

// Values, and mentions of values. A tensor takes about 35; SDXL has 2,600 of them, and a checkpoint
// of its training with averages and optimizer some 10,000.
constexpr size_t kMaxSteps = 1'000'000;
constexpr size_t kMaxMarks = 1'000;  // Python itself cannot write deeper nests
constexpr PickleId kNoValue = std::numeric_limits<PickleId>::max();

}  // namespace

void PickleMachine::spend(size_t steps) {
  spent_ += steps;
  if (spent_ > kMaxSteps) fail("more than a million values; no model has as many");
}

void PickleMachine::push(PickleValue value) {
  spend(1);
  value.at = uint32_t(at_);
  stack_.push_back(PickleId(tree_.values.size()));
  tree_.values.push_back(value);
}

void PickleMachine::push_container(PickleKind kind, std::vector<PickleId> items) {
  PickleValue value{kind};
  value.number = int64_t(tree_.items.size());
  tree_.items.push_back(std::move(items));
  push(value);
}

void PickleMachine::push_again(PickleId id) {
  spend(1);
  stack_.push_back(id);
}

void PickleMachine::mark() {
  if (marks_.size() == kMaxMarks) fail("values are nested more than 1000 deep");
  marks_.push_back(stack_.size());
}

PickleId PickleMachine::top(const char* what) const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
    fail(std::string("damaged pickle: ") + what + " was expected, and there is no value left");
  }
  return stack_.back();
}

PickleId PickleMachine::pop(const char* what) {
  const PickleId id = top(what);
  stack_.pop_back();
  return id;
}

std::vector<PickleId> PickleMachine::pop_to_mark() {
  if (marks_.empty()) fail("damaged pickle: the beginning (MARK) of these items is missing");
  const auto begin = stack_.begin() + std::ptrdiff_t(marks_.back());
  std::vector<PickleId> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::remember(uint64_t slot) {
  const PickleId id = top("a value to remember");
  // Python numbers what it remembers, and each takes a byte at least.
  if (slot > at_) {
    fail("damaged pickle: slot " + std::to_string(slot) +
         " of the memo, and so far there are fewer");
  }
  if (slot >= memo_.size()) memo_.resize(size_t(slot) + 1, kNoValue);
  PickleId& remembered = memo_[size_t(slot)];
  remembered_ += remembered == kNoValue;
  remembered = id;
}

void PickleMachine::recall(uint64_t slot) {
  const bool known = slot < memo_.size() && memo_[size_t(slot)] != kNoValue;
  if (!known) fail("damaged pickle: slot " + std::to_string(slot) + " of the memo is empty");
  push_again(memo_[size_t(slot)]);
}

void PickleMachine::add_items(PickleId container, const std::vector<PickleId>& items) {
  spend(items.size());
  auto& all = tree_.items[size_t(tree_[container].number)];
  all.insert(all.end(), items.begin(), items.end());
}

PickleTree PickleMachine::finish(size_t end) {
  if (stack_.size() != 1 || !marks_.empty()) {
    fail("damaged pickle: it ends with " + std::to_string(stack_.size()) +
         " values; one was expected");
  }
  tree_.root = stack_[0];
  tree_.end = end;
  return std::move(tree_);
}

}  // namespace heddle::weights
