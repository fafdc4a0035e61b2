#include "engine/server/log_book.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "engine/text_encoding.h"

namespace heddle::server {
namespace {

constexpr size_t kMaxLine = 16 << 10;
constexpr size_t kMaxClients = 1000;

std::string iso_time(Millis time) {
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string millis = std::to_string(1000 + time % 1000).substr(1);
  return std::string(text, size) + "." + millis + "+00:00";
}

// Set while this thread tells the listener: what that logs would come back to it for ever.
thread_local bool is_telling = false;

class BookSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit BookSink(std::shared_ptr<LogBook> book) : book_(std::move(book)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    using std::chrono::milliseconds;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const auto time = std::chrono::duration_cast<milliseconds>(message.time.time_since_epoch());
    book_->add(time.count(), std::string_view(line.data(), line.size()));
  }
  void flush_() override {}

  std::shared_ptr<LogBook> book_;
};

}  // namespace

Json log_entry(const LogLine& line) { return {{"t", iso_time(line.time)}, {"m", line.text + "\n"}}; }

Json log_size() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  return {{"cols", known ? size.ws_col : 80}, {"rows", known ? size.ws_row : 24}};
}

LogBook::LogBook(size_t max_lines, size_t max_bytes) : max_lines_(max_lines), max_bytes_(max_bytes) {}

void LogBook::add(Millis time, std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  LogLine line{time, utf8_or_latin1(text.substr(0, kMaxLine))};
  std::shared_ptr<const Listener> listener;
  std::vector<std::string> clients;
  {
    const std::lock_guard lock(mutex_);
    bytes_ += line.text.size();
    lines_.push_back(line);
    while (lines_.size() > max_lines_ || (bytes_ > max_bytes_ && lines_.size() > 1)) {
      bytes_ -= lines_.front().text.size();
      lines_.pop_front();
    }
    if (!clients_.empty() && !is_telling) listener = listener_;
    if (listener) clients = clients_;
  }
  if (!listener) return;
  is_telling = true;
  (*listener)(line, clients);
  is_telling = false;
}

std::vector<LogLine> LogBook::lines() const {
  const std::lock_guard lock(mutex_);
  return {lines_.begin(), lines_.end()};
}

void LogBook::subscribe(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (std::find(clients_.begin(), clients_.end(), client) != clients_.end()) return;
  if (clients_.size() == kMaxClients) clients_.erase(clients_.begin());
  clients_.push_back(client);
}

void LogBook::unsubscribe(const std::string& client) {
  const std::lock_guard lock(mutex_);
  std::erase(clients_, client);
}

void LogBook::set_listener(Listener listener) {
  const std::lock_guard lock(mutex_);
  listener_ = listener ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
}

LogTap::LogTap(std::shared_ptr<LogBook> book, std::shared_ptr<const spdlog::formatter> formatter)
    : before_(spdlog::default_logger()) {
  auto sink = std::make_shared<BookSink>(std::move(book));
  if (formatter) {
    sink->set_formatter(formatter->clone());
  } else {
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%l: %v", spdlog::pattern_time_type::local, ""));
  }
  std::vector<spdlog::sink_ptr> sinks = before_->sinks();
  // The logger lets through what the book wants; what the log itself wants is then up to its sinks.
  for (const spdlog::sink_ptr& other : sinks) {
    levels_.push_back(other->level());
    other->set_level(std::max(other->level(), before_->level()));
  }
  sink->set_level(std::min(spdlog::level::info, before_->level()));
  sinks.push_back(std::move(sink));
  auto logger = std::make_shared<spdlog::logger>(before_->name(), sinks.begin(), sinks.end());
  logger->set_level(std::min(spdlog::level::info, before_->level()));
  logger->flush_on(before_->flush_level());
  spdlog::set_default_logger(std::move(logger));
}

LogTap::~LogTap() {
  for (size_t i = 0; i < levels_.size(); ++i) {
    before_->sinks()[i]->set_level(static_cast<spdlog::level::level_enum>(levels_[i]));
  }
  spdlog::set_default_logger(before_);
}

}  // namespace heddle::server
