#include "engine/cli/progress.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace heddle::cli {

ProgressObserver::ProgressObserver(Terminal& terminal, std::function<double()> clock)
    : terminal_(terminal), clock_(std::move(clock)) {}

void ProgressObserver::step_started(const StepRef& step) {
  if (!terminal_.is_live()) return terminal_.print("step " + step_text(step) + " started");
  Running& running = running_.emplace_back();
  running.index = step.index;
  running.progress.label = step_text(step);
  running.since = clock_();
  draw();
}

void ProgressObserver::step_progress(const StepRef& step, int value, int total) {
  constexpr double kBetweenDrawings = 0.1;
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const Running& running) {
    return running.index == step.index;
  });
  if (found == running_.end()) return;
  Progress& progress = found->progress;
  const double now = clock_();
  const bool starts_anew = total != progress.total || value < progress.value;
  if (starts_anew && progress.total > 0) found->since = now;
  // Before the first report there is no telling what the step did; its time counts from the start
  // of the step.
  if (starts_anew) progress.first = progress.total > 0 ? value : 0;
  progress.value = value;
  progress.total = total;
  progress.seconds = now - found->since;
  if (now - drawn_ >= kBetweenDrawings || value == total) draw();
}

void ProgressObserver::step_cached(const StepRef& step, bool from_disk) {
  if (terminal_.is_live()) return;  // the summary counts them
  terminal_.print("step " + step_text(step) + " cached " + (from_disk ? "on disk" : "in memory"));
}

void ProgressObserver::step_finished(const StepRef& step, double seconds, const Json&,
                                     const Json& notes) {
  remove(step);
  const std::string verb = terminal_.is_live() ? ": " : " finished in ";
  terminal_.print("step " + step_text(step) + verb + seconds_text(seconds));
  const auto summary = notes.find("summary");
  if (summary == notes.end()) return;
  for (const Json& line : *summary) terminal_.print("  " + printable(line.get<std::string>()));
}

void ProgressObserver::step_failed(const StepRef& step, const std::string&) {
  remove(step);  // the message follows at the end of the run
}

void ProgressObserver::step_warning(const StepRef& step, const std::string& message) {
  terminal_.print("warning: step " + step_text(step) + ": " + printable(message));
}

void ProgressObserver::clear() {
  running_.clear();
  draw();
}

void ProgressObserver::remove(const StepRef& step) {
  std::erase_if(running_, [&](const Running& running) { return running.index == step.index; });
  draw();
}

void ProgressObserver::draw() {
  if (!terminal_.is_live()) return;
  drawn_ = clock_();
  const int columns = terminal_.width() - 1;
  std::vector<std::string> lines;
  for (const Running& running : running_) {
    lines.push_back(running.progress.total > 0 ? bar_text(running.progress, columns)
                                               : running.progress.label + " ...");
  }
  terminal_.draw(std::move(lines));
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string step_text(const StepRef& step) { return printable(step.id + " (" + step.node + ")"); }

std::string seconds_text(double seconds) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), seconds < 0.1 ? "%.3f s" : "%.1f s", seconds);
  return text.data();
}

}  // namespace heddle::cli
