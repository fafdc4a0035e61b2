#include "engine/server/metrics.h"

#include <algorithm>
#include <charconv>

#include "engine/json_access.h"

namespace heddle::server {
namespace {

std::string number_text(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return std::string(text, end);
}

std::string head(const char* name, const char* type, const char* help) {
  return std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

std::string braces(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

}  // namespace

std::string label_value(std::string_view text) {
  std::string value = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    if (c == '\n') {
      value += "\\n";
    } else {
      value += c;
    }
  }
  return value + "\"";
}

void Histogram::add(double value) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
  if (bound != kBounds.end()) ++counts_[size_t(bound - kBounds.begin())];
  ++count_;
  sum_ += value;
}

std::string Histogram::text(const std::string& name, const std::string& labels) const {
  const std::string before = labels.empty() ? "" : labels + ",";
  std::string text;
  uint64_t sum_so_far = 0;
  for (size_t k = 0; k < kBounds.size(); ++k) {
    sum_so_far += counts_[k];
    text += name + "_bucket{" + before + "le=\"" + number_text(kBounds[k]) + "\"} " + std::to_string(sum_so_far) + "\n";
  }
  text += name + "_bucket{" + before + "le=\"+Inf\"} " + std::to_string(count_) + "\n";
  text += name + "_sum" + braces(labels) + " " + number_text(sum_) + "\n";
  return text + name + "_count" + braces(labels) + " " + std::to_string(count_) + "\n";
}

void Metrics::on_event(const JobEvent& event, const std::string&, const std::shared_ptr<Gate>&) {
  const std::lock_guard lock(mutex_);
  if (event.type == "step_finished") return count_step(event);
  if (event.type == "cached") return count_cached(event);
  count_job(event);
}

// REQUIRES: the mutex is held, as for all below.
void Metrics::count_step(const JobEvent& event) {
  if (is_true(member(event.data, "cached"))) {
    ++cached_["saved"];
    return;
  }
  ++ran_;
  const Json& seconds = member(event.data, "seconds");
  if (seconds.is_number()) steps_[std::string(text_or(member(event.data, "node"), ""))].add(seconds.get<double>());
}

void Metrics::count_cached(const JobEvent& event) {
  for (const auto& [field, tier] : {std::pair("from_memory", "memory"), {"from_disk", "disk"}}) {
    const Json& count = member(event.data, field);
    if (count.is_number()) cached_[tier] += count.get<uint64_t>();
  }
}

void Metrics::count_job(const JobEvent& event) {
  if (event.type == "queued") times_[event.job].queued = event.time;
  if (event.type == "started") {
    Times& times = times_[event.job];
    if (times.queued && !times.started) waits_.add(double(event.time - times.queued) / 1000);
    times.started = event.time;
  }
  const auto state = job_state_named(event.type);
  const bool over = state && is_over(*state);
  if (event.type == "queued" || over) ++accepted_and_over_[event.type];
  if (!over) return;
  const auto times = times_.find(event.job);
  if (times == times_.end()) return;
  if (times->second.started) runs_.add(double(event.time - times->second.started) / 1000);
  times_.erase(times);
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  const auto count_of = [this](const std::string& type) {
    const auto found = accepted_and_over_.find(type);
    return std::to_string(found == accepted_and_over_.end() ? 0 : found->second);
  };
  std::string text = head("heddle_jobs_accepted_total", "counter", "Jobs accepted since the start.");
  text += "heddle_jobs_accepted_total " + count_of("queued") + "\n";
  text += head("heddle_jobs_finished_total", "counter", "Jobs that came to their end since the start.");
  for (const char* state : {"succeeded", "failed", "cancelled"}) {
    text += std::string("heddle_jobs_finished_total{state=\"") + state + "\"} " + count_of(state) + "\n";
  }
  text += head("heddle_steps_run_total", "counter", "Steps that were not in the cache.");
  text += "heddle_steps_run_total " + std::to_string(ran_) + "\n";
  text += head("heddle_steps_cached_total", "counter", "Steps whose result was in the cache, by tier.");
  for (const auto& [tier, count] : cached_) {
    text += "heddle_steps_cached_total{tier=" + label_value(tier) + "} " + std::to_string(count) + "\n";
  }
  text += head("heddle_step_seconds", "histogram", "Seconds that steps took, by node.");
  for (const auto& [node, histogram] : steps_) {
    text += histogram.text("heddle_step_seconds", "node=" + label_value(node));
  }
  text += head("heddle_job_wait_seconds", "histogram", "Seconds from a job's acceptance to its start.");
  text += waits_.text("heddle_job_wait_seconds", "");
  text += head("heddle_job_run_seconds", "histogram", "Seconds from a job's start to its end.");
  return text + runs_.text("heddle_job_run_seconds", "");
}

}  // namespace heddle::server
