// Several observers as one.
#pragma once

#include <string>
#include <vector>

#include "engine/observer.h"

namespace heddle::cli {

class Observers final : public Observer {
 public:
  /// Does not own it.
  void add(Observer& observer) { all_.push_back(&observer); }

  void step_started(const StepRef& step) override {
    for (Observer* one : all_) one->step_started(step);
  }
  void step_progress(const StepRef& step, int value, int total) override {
    for (Observer* one : all_) one->step_progress(step, value, total);
  }
  void step_preview(const StepRef& step, const Picture& picture) override {
    for (Observer* one : all_) one->step_preview(step, picture);
  }
  void step_cached(const StepRef& step, bool from_disk) override {
    for (Observer* one : all_) one->step_cached(step, from_disk);
  }
  void step_finished(const StepRef& step, double seconds, const Json& ui,
                     const Json& notes) override {
    for (Observer* one : all_) one->step_finished(step, seconds, ui, notes);
  }
  void step_failed(const StepRef& step, const std::string& message) override {
    for (Observer* one : all_) one->step_failed(step, message);
  }
  void step_warning(const StepRef& step, const std::string& message) override {
    for (Observer* one : all_) one->step_warning(step, message);
  }

 private:
  std::vector<Observer*> all_;
};

}  // namespace heddle::cli
