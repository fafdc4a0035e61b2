// The terminal: lines that stay, and below them a few that are redrawn in place. Where the output
// is no terminal there are only lines that stay. Log and progress both write through one of these,
// so neither breaks the other.
#pragma once

#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::cli {

class Terminal {
 public:
  /// `width` gives the columns of the terminal, asked at every drawing; empty: not a terminal.
  explicit Terminal(std::ostream& out, std::function<int()> width = {});
  /// What was drawn is taken away.
  ~Terminal();

  bool is_live() const { return bool(width_); }
  /// Thread-safe, as all below.
  void print(std::string_view line);
  /// Replaces the live lines. Longer ones are cut. Nothing where the output is no terminal.
  void draw(std::vector<std::string> lines);
  int width() const { return width_ ? width_() : 80; }

 private:
  std::string erased() const;
  std::string drawn() const;

  std::ostream& out_;
  std::function<int()> width_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  size_t on_screen_ = 0;
};

/// A terminal on standard error, live if that is one.
Terminal standard_error();

/// Text from a file as a terminal may show it: without control characters, which could move the
/// cursor or worse.
std::string printable(std::string_view text);

/// At most `columns` characters of UTF-8, without splitting one.
std::string cut(std::string_view text, int columns);

/// `3 KSampler  [#####.....] 12/20  2.31 steps/s  0:03 left`, at most `columns` long. `seconds` is
/// the time since the progress was `first`.
struct Progress {
  std::string label;
  int first = 0, value = 0, total = 0;
  double seconds = 0;
};
std::string bar_text(const Progress& progress, int columns);

/// "0:07", "12:05", "1:02:03".
std::string clock_text(double seconds);

}  // namespace heddle::cli
