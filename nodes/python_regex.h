// Regular expressions with the meaning that Python's re gives them. Patterns come from outside and may be made to run for
// ever, so the work of one search is limited; the limit counts steps, not time, and falls the same way everywhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

struct RegexFlags {
  bool ignore_case = false, multiline = false, dot_all = false;
};

class PythonRegex {
 public:
  /// Searches `text`. Calls `check_cancelled` now and then; it may throw. Throws std::runtime_error for a pattern that is
  /// wrong, or longer than 10,000 bytes.
  PythonRegex(std::string_view pattern, RegexFlags flags, std::string_view text, std::function<void()> check_cancelled);
  ~PythonRegex();

  /// Moves on to the next match. Throws std::runtime_error if it takes too long.
  bool next();
  int groups() const;
  /// What a group of the current match matched, 0 being all of it; "" if it took no part. REQUIRES: 0..groups().
  std::string group(int number) const;

  /// The text with the first `count` matches replaced, 0 for all of them. `\1`, `\g<1>` and `\g<name>` in `replacement`
  /// stand for groups. REQUIRES: next() was not called. Throws std::runtime_error for a group that there is not, and if the
  /// result would be too long.
  std::string replaced(std::string_view replacement, int64_t count);

 private:
  struct Search;
  std::unique_ptr<Search> search_;
};

}  // namespace heddle
