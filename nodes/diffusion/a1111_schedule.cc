// Prompt editing and alternating words: one text for each step.
//
// Brackets are found once. A bracket whose text depends on the step becomes a choice among options,
// which are ranges of the text; writing the text of a step is then one walk from left to right that
// jumps into the option that counts and, at its end, behind the bracket.
#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "nodes/diffusion/a1111_prompt.h"
#include "nodes/diffusion/python_text.h"

namespace heddle::diffusion::a1111 {
namespace {

constexpr size_t kMostWritten = size_t{1} << 28;  // characters, over all steps

/// A bracket that has been opened, and the separators directly inside.
struct Open {
  size_t at;
  std::vector<size_t> colons, bars;
};

/// The options of a bracket: where each begins. It ends at the separator before the next one.
struct Choice {
  std::vector<size_t> options;
  std::optional<int> when;  // the first option up to this step, then the second; none: in turn

  size_t chosen(int step) const {
    if (!when) return options[size_t(step) % options.size()];
    return options[step < *when ? 0 : 1];
  }
};

/// A step of the walk: at a place of the text, go into a choice or leave one.
struct Turn {
  size_t at;
  int choice;    // -1: leave
  size_t leave;  // where to go on
};

bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789.eE+-") == text.npos && !text.starts_with('-') &&
         !text.starts_with('+') && python_float(text).has_value();
}

// How many steps of this pass come before the change.
int step_of(std::string_view number, const StepCount& count) {
  const double value = python_float(number).value_or(0);
  const bool is_share = value < 1 || number.find('.') != number.npos;
  const bool is_second = count.before > 0;
  const double steps = is_share ? (value - (is_second ? 1 : 0)) * count.steps
                                : value - (is_second ? count.before : 0);
  return int(std::clamp(std::trunc(steps), 0.0, double(count.steps)));
}

class Schedule {
 public:
  Schedule(std::string_view text, const StepCount& count) : text_(text), count_(count) {
    std::vector<Open> open;
    for (size_t i = 0; i < text.size(); ++i) read(i, open);
    std::sort(turns_.begin(), turns_.end(),
              [](const Turn& a, const Turn& b) { return a.at < b.at; });
  }

  bool changes() const { return !turns_.empty(); }

  std::string text_at(int step) const {
    std::string written;
    size_t at = 0;
    for (auto turn = turns_.begin(); turn != turns_.end();) {
      if (turn->at < at) {  // in an option that was jumped over
        ++turn;
        continue;
      }
      written.append(text_, at, turn->at - at);
      at = turn->choice < 0 ? turn->leave : choices_[size_t(turn->choice)].chosen(step);
      ++turn;
    }
    return written.append(text_, at);
  }

 private:
  void read(size_t& i, std::vector<Open>& open) {
    const char c = text_[i];
    if (c == '\\') {
      ++i;  // whatever is escaped
    } else if (c == '[' || c == '(') {
      open.push_back({i, {}, {}});
    } else if (c == ']' || c == ')') {
      if (open.empty() || text_[open.back().at] != (c == ']' ? '[' : '(')) return;
      if (c == ']') close(open.back(), i);
      open.pop_back();
    } else if (!open.empty() && text_[open.back().at] == '[') {
      if (c == ':') open.back().colons.push_back(i);
      if (c == '|') open.back().bars.push_back(i);
    }
  }

  void close(const Open& open, size_t end) {
    if (open.colons.empty() && !open.bars.empty()) {
      std::vector<size_t> ends = open.bars;
      ends.push_back(end);
      add(open.at, ends, end, std::nullopt);
    } else if (open.bars.empty() && (open.colons.size() == 1 || open.colons.size() == 2)) {
      const std::string_view number =
          python_strip(text_.substr(open.colons.back() + 1, end - open.colons.back() - 1));
      if (!is_number(number)) return;
      // [to:when] has nothing before: its first option is the empty range before the last colon.
      std::vector<size_t> ends = open.colons;
      add(open.at, ends, end, step_of(number, count_));
    }
  }

  // Options lie between the bracket and `ends`.
  void add(size_t begin, const std::vector<size_t>& ends, size_t end, std::optional<int> when) {
    Choice choice{{begin + 1}, when};
    for (size_t i = 0; i + 1 < ends.size(); ++i) choice.options.push_back(ends[i] + 1);
    if (when && ends.size() == 1) choice.options.insert(choice.options.begin(), ends[0]);
    turns_.push_back({begin, int(choices_.size()), 0});
    for (const size_t option_end : ends) turns_.push_back({option_end, -1, end + 1});
    choices_.push_back(std::move(choice));
  }

  std::string_view text_;
  StepCount count_;
  std::vector<Choice> choices_;
  std::vector<Turn> turns_;
};

void check(std::string_view text, const StepCount& count, bool changes) {
  if (count.steps < 1) throw std::invalid_argument("prompt: a schedule needs at least one step");
  if (!changes || text.size() <= kMostWritten / size_t(count.steps)) return;
  throw std::invalid_argument("prompt: " + std::to_string(text.size()) +
                              " characters are too many to change at each of " +
                              std::to_string(count.steps) + " steps; shorten the text");
}

}  // namespace

std::vector<Variant> schedule_prompt(std::string_view text, const StepCount& count) {
  const Schedule schedule(text, count);
  check(text, count, schedule.changes());
  if (!schedule.changes())
    return {{std::string(text), std::vector<bool>(size_t(count.steps), true)}};
  std::vector<Variant> variants;
  std::unordered_map<std::string, size_t> known;
  for (int step = 0; step < count.steps; ++step) {
    std::string written = schedule.text_at(step);
    const auto [place, is_new] = known.emplace(written, variants.size());
    if (is_new) {
      variants.push_back({std::move(written), std::vector<bool>(size_t(count.steps), false)});
    }
    variants[place->second].steps[size_t(step)] = true;
  }
  return variants;
}

}  // namespace heddle::diffusion::a1111
