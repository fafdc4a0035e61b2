#include "nodes/python_regex.h"

#include <unicode/regex.h>

#include <exception>
#include <stdexcept>

#include "nodes/python_pattern.h"
#include "nodes/python_strings.h"

namespace heddle {
namespace {

constexpr size_t kLongestPattern = 10'000;
// Work in units of about a nanosecond.
constexpr int64_t kMostWork = 1'000'000'000;
constexpr int64_t kWorkOfTick = 1'000'000;  // ICU calls back every 10,000 steps of a match

icu::UnicodeString utf16(std::string_view text) {
  check_text_length(text.size());
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), int32_t(text.size())));
}

/// What a search may still cost. ICU is told to stop by return values: nothing may be thrown through it.
struct Budget {
  int64_t left = kMostWork;
  int64_t work_of_attempt = 1;
  std::function<void()> check_cancelled;
  std::exception_ptr cancelled;

  bool spend(int64_t work) {
    left -= work;
    return left > 0;
  }
  bool tick() {
    try {
      check_cancelled();
    } catch (...) {
      cancelled = std::current_exception();  // rethrown by PythonRegex::next
      return false;
    }
    return spend(kWorkOfTick);
  }
};

UBool on_steps(const void* context, int32_t) { return static_cast<Budget*>(const_cast<void*>(context))->tick(); }
UBool on_attempt(const void* context, int64_t) {
  Budget& budget = *static_cast<Budget*>(const_cast<void*>(context));
  return budget.spend(budget.work_of_attempt);
}

/// Text, then what a group matched; -1: nothing more.
struct Piece {
  std::string text;
  int group = -1;
};

class Template {
 public:
  Template(std::string_view text, const IcuPattern& pattern, int groups)
      : text_(text), pattern_(pattern), groups_(groups) {}

  std::vector<Piece> parse() {
    pieces_.emplace_back();
    while (at_ < text_.size()) {
      if (text_[at_] == '\\') {
        escape();
      } else {
        pieces_.back().text += text_[at_++];
      }
    }
    return std::move(pieces_);
  }

 private:
  [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("the replacement " + what); }

  void escape() {
    if (++at_ == text_.size()) fail("ends with a backslash");
    const char c = text_[at_++];
    constexpr std::string_view kLetters = "abfnrtv\\", kMeanings = "\a\b\f\n\r\t\v\\";
    if (const size_t found = kLetters.find(c); found != kLetters.npos) {
      pieces_.back().text += kMeanings[found];
    } else if (c == 'g') {
      named();
    } else if (c >= '0' && c <= '9') {
      numbered(c);
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      fail(std::string("has \\") + c + ", which means nothing");
    } else {
      pieces_.back().text += {'\\', c};
    }
  }

  void numbered(char first) {
    if (first == '0') fail("has an octal number; use the character itself");
    int number = first - '0';
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') number = number * 10 + (text_[at_++] - '0');
    end_with(number, std::to_string(number));
  }

  void named() {
    const size_t end = text_.find('>', at_);
    if (at_ >= text_.size() || text_[at_] != '<' || end == text_.npos) fail("has \\g without <name>");
    const std::string name(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    if (const auto found = pattern_.groups.find(name); found != pattern_.groups.end()) return end_with(found->second, name);
    if (name.empty() || name.size() > 3 || name.find_first_not_of("0123456789") != name.npos) {
      fail("names a group \"" + name + "\", which the pattern has not");
    }
    end_with(std::stoi(name), name);
  }

  void end_with(int group, const std::string& name) {
    if (group > groups_) fail("names group " + name + ", but the pattern has " + std::to_string(groups_));
    pieces_.back().group = group;
    pieces_.emplace_back();
  }

  std::string_view text_;
  const IcuPattern& pattern_;
  int groups_;
  size_t at_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace

struct PythonRegex::Search {
  IcuPattern pattern;
  icu::UnicodeString text;
  std::unique_ptr<icu::RegexMatcher> matcher;
  Budget budget;

  std::string between(int32_t begin, int32_t end) const {
    std::string out;
    text.tempSubStringBetween(begin, end).toUTF8String(out);
    return out;
  }

  void check(UErrorCode status) const {
    if (budget.cancelled) std::rethrow_exception(budget.cancelled);
    if (U_SUCCESS(status)) return;
    if (status == U_REGEX_STOPPED_BY_CALLER || status == U_REGEX_STACK_OVERFLOW || status == U_REGEX_TIME_OUT) {
      throw std::runtime_error("the pattern takes too long on this text; repetitions within repetitions, such as (a+)+, do that");
    }
    throw std::runtime_error(std::string("searching failed: ") + u_errorName(status));
  }
};

PythonRegex::PythonRegex(std::string_view pattern, RegexFlags flags, std::string_view text,
                         std::function<void()> check_cancelled)
    : search_(std::make_unique<Search>()) {
  if (pattern.size() > kLongestPattern) {
    throw std::runtime_error("the pattern has " + std::to_string(pattern.size()) + " bytes; at most " +
                             std::to_string(kLongestPattern) + " are allowed");
  }
  search_->pattern = to_icu_pattern(pattern, flags.multiline);
  search_->text = utf16(text);
  uint32_t bits = UREGEX_UNIX_LINES;  // as in Python, only "\n" ends a line
  if (flags.ignore_case) bits |= UREGEX_CASE_INSENSITIVE;
  if (flags.multiline) bits |= UREGEX_MULTILINE;
  if (flags.dot_all) bits |= UREGEX_DOTALL;
  UErrorCode status = U_ZERO_ERROR;
  search_->matcher = std::make_unique<icu::RegexMatcher>(utf16(search_->pattern.text), search_->text, bits, status);
  if (U_FAILURE(status)) {
    throw std::runtime_error("the pattern \"" + std::string(pattern) + "\" is wrong: " + u_errorName(status));
  }
  search_->budget.check_cancelled = std::move(check_cancelled);
  search_->budget.work_of_attempt = 10 + int64_t(pattern.size());
  search_->matcher->setMatchCallback(on_steps, &search_->budget, status);
  search_->matcher->setFindProgressCallback(on_attempt, &search_->budget, status);
  search_->check(status);
}

PythonRegex::~PythonRegex() = default;

bool PythonRegex::next() {
  UErrorCode status = U_ZERO_ERROR;
  const bool found = search_->matcher->find(status);
  search_->check(status);
  return found;
}

int PythonRegex::groups() const { return search_->matcher->groupCount(); }

std::string PythonRegex::group(int number) const {
  UErrorCode status = U_ZERO_ERROR;
  const int32_t begin = search_->matcher->start(number, status), end = search_->matcher->end(number, status);
  search_->check(status);
  return begin < 0 ? "" : search_->between(begin, end);
}

std::string PythonRegex::replaced(std::string_view replacement, int64_t count) {
  const std::vector<Piece> pieces = Template(replacement, search_->pattern, groups()).parse();
  std::string out;
  const auto append = [&](const std::string& more) {
    check_text_length(out.size() + more.size());
    out += more;
  };
  int32_t done = 0;
  for (int64_t k = 0; (count == 0 || k < count) && next(); ++k) {
    UErrorCode status = U_ZERO_ERROR;
    append(search_->between(done, search_->matcher->start(status)));
    for (const Piece& piece : pieces) {
      append(piece.text);
      if (piece.group >= 0) append(group(piece.group));
    }
    done = search_->matcher->end(status);
    search_->check(status);
  }
  append(search_->between(done, search_->text.length()));
  return out;
}

}  // namespace heddle
