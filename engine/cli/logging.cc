#include "engine/cli/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/cli/progress.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

// What the current thread works on. Observers are called from the thread that runs the step, so
// lines that other code logs meanwhile are placed as well.
thread_local std::string current_work;

class WorkFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    if (current_work.empty()) return;
    const std::string text = current_work + ": ";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<WorkFlag>();
  }
};

class TerminalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit TerminalSink(Terminal& terminal) : terminal_(terminal) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    terminal_.print(std::string_view(line.data(), line.size()));
  }
  void flush_() override {}

  Terminal& terminal_;
};

constexpr const char* kTerminalPattern = "%l: %*%v";

std::unique_ptr<spdlog::formatter> make_formatter(const char* pattern, const char* line_end) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::local, line_end);
  formatter->add_flag<WorkFlag>('*').set_pattern(pattern);
  return formatter;
}

spdlog::level::level_enum level_of(const CommonOptions& options) {
  if (options.log_level.empty()) {
    return options.log_file.empty() ? spdlog::level::warn : spdlog::level::info;
  }
  const std::vector<std::string> kNames{"trace", "debug", "info", "warning", "error", "off"};
  if (std::find(kNames.begin(), kNames.end(), options.log_level) == kNames.end()) {
    throw UsageError("--log-level " + options.log_level + " is no level" +
                     did_you_mean(options.log_level, kNames) +
                     "; allowed: trace, debug, info, warning, error, off");
  }
  return spdlog::level::from_str(options.log_level);
}

spdlog::sink_ptr make_sink(const CommonOptions& options, Terminal& terminal) {
  if (options.log_file.empty()) return std::make_shared<TerminalSink>(terminal);
  constexpr size_t kLargest = 10 << 20, kOldFiles = 5;
  try {
    return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.log_file, kLargest,
                                                                  kOldFiles);
  } catch (const spdlog::spdlog_ex& error) {
    throw UsageError("cannot write the log file " + options.log_file + ": " + error.what());
  }
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

Logging::Logging(const CommonOptions& options, Terminal& terminal)
    : before_(spdlog::default_logger()) {
  const auto level = level_of(options);
  auto logger = std::make_shared<spdlog::logger>("heddle", make_sink(options, terminal));
  logger->set_formatter(options.log_file.empty()
                            ? make_formatter(kTerminalPattern, "")
                            : make_formatter("%Y-%m-%d %H:%M:%S.%e %P %l %*%v",
                                             spdlog::details::os::default_eol));
  logger->set_level(level);
  // A log is read when something went wrong: nothing may be left in a buffer.
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

Logging::~Logging() { spdlog::set_default_logger(before_); }

std::shared_ptr<const spdlog::formatter> log_line_formatter() {
  return make_formatter(kTerminalPattern, "");
}

LogObserver::LogObserver(const std::string& job, const CheckedGraph& checked) : job_("job " + job) {
  constexpr size_t kShortest = 3;  // shorter ones say nothing, and would riddle every message
  current_work = job_;
  if (spdlog::should_log(spdlog::level::debug)) return;
  for (const CheckedStep& step : checked.steps) {
    for (const BoundInput& input : step.inputs) {
      if (step.node->inputs[size_t(input.spec)].type != "STRING" || !input.literal.is_string()) {
        continue;
      }
      const auto& text = input.literal.get_ref<const std::string&>();
      if (text.size() >= kShortest) texts_.push_back(text);
    }
  }
  // The longest first, so that none is left over where one is part of another.
  std::sort(texts_.begin(), texts_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

LogObserver::~LogObserver() { current_work.clear(); }

void LogObserver::step_started(const StepRef& step) {
  current_work = job_ + " step " + step_text(step);
  spdlog::debug("started");
}

void LogObserver::step_cached(const StepRef& step, bool from_disk) {
  current_work = job_ + " step " + step_text(step);
  spdlog::info("cached {}", from_disk ? "on disk" : "in memory");
  current_work = job_;
}

void LogObserver::step_finished(const StepRef&, double seconds, const Json&, const Json&) {
  spdlog::info("finished in {}", seconds_text(seconds));
  current_work = job_;
}

void LogObserver::step_failed(const StepRef&, const std::string& message) {
  spdlog::error("failed: {}", without_texts(message));
  current_work = job_;
}

void LogObserver::step_warning(const StepRef&, const std::string& message) {
  spdlog::warn("{}", without_texts(message));
}

std::string LogObserver::without_texts(std::string message) const {
  for (const std::string& text : texts_) replace_all(message, text, "(text)");
  return message;
}

}  // namespace heddle::cli
