#include "engine/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace heddle::cli {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

int columns_of_standard_error() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), pattern, args...);
  return text.data();
}

std::string rate_text(double per_second) {
  if (per_second >= 1) return format("%.2f steps/s", per_second);
  return format("%.2f s/step", 1 / per_second);
}

// "12/20  2.31 steps/s  0:03 left"
std::string facts_of(const Progress& progress) {
  std::string text = std::to_string(progress.value) + "/" + std::to_string(progress.total);
  const int done = progress.value - progress.first;
  if (done <= 0 || progress.seconds <= 0) return text;
  const double per_second = done / progress.seconds;
  text.append("  ").append(rate_text(per_second)).append("  ");
  return text.append(clock_text((progress.total - progress.value) / per_second)).append(" left");
}

}  // namespace

Terminal::Terminal(std::ostream& out, std::function<int()> width)
    : out_(out), width_(std::move(width)) {}

Terminal::~Terminal() { draw({}); }

void Terminal::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  out_ << erased() << line << '\n' << drawn() << std::flush;
}

void Terminal::draw(std::vector<std::string> lines) {
  if (!is_live()) return;
  const std::lock_guard lock(mutex_);
  const std::string before = erased();
  const int columns = std::max(width() - 1, 1);  // a full line would wrap
  lines_.clear();
  for (const std::string& line : lines) lines_.push_back(cut(line, columns));
  on_screen_ = lines_.size();
  out_ << before << drawn() << std::flush;
}

std::string Terminal::erased() const {
  if (on_screen_ == 0) return "";
  return "\x1b[" + std::to_string(on_screen_) + "A\r\x1b[J";
}

std::string Terminal::drawn() const {
  std::string text;
  for (const std::string& line : lines_) text += line + '\n';
  return text;
}

Terminal standard_error() {
  if (!isatty(STDERR_FILENO)) return Terminal(std::cerr);
  return Terminal(std::cerr, columns_of_standard_error);
}

std::string printable(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080..U+009F are control characters too: C2 80..C2 9F in UTF-8.
    const bool is_c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    result += byte < 0x20 || byte == 0x7F || is_c1 ? ' ' : text[i];
  }
  return result;
}

std::string cut(std::string_view text, int columns) {
  size_t end = 0;
  for (int column = 0; end < text.size(); ++end) {
    if (!continues_character(text[end]) && column++ == columns) break;
  }
  return std::string(text.substr(0, end));
}

std::string bar_text(const Progress& progress, int columns) {
  constexpr int kWidest = 40, kNarrowest = 5;
  const std::string facts = facts_of(progress);
  constexpr int kAround = 5;  // two spaces, brackets, a space
  const int space = columns - int(progress.label.size() + facts.size()) - kAround;
  if (space < kNarrowest) return cut(progress.label + " " + facts, columns);
  const int length = std::min(space, kWidest);
  const double share = progress.total > 0 ? double(progress.value) / progress.total : 0;
  const int filled = int(std::clamp(share, 0.0, 1.0) * length);
  std::string text = progress.label + "  [";
  text.append(size_t(filled), '#').append(size_t(length - filled), '.');
  return text + "] " + facts;
}

std::string clock_text(double seconds) {
  const auto whole = int64_t(std::min(std::ceil(seconds), 1e9));
  const auto hours = whole / 3600;
  if (hours > 0) return format("%d:%02d:%02d", int(hours), int(whole / 60 % 60), int(whole % 60));
  return format("%d:%02d", int(whole / 60), int(whole % 60));
}

}  // namespace heddle::cli
