#include "engine/jobs/job_queue.h"

#include <algorithm>
#include <tuple>

namespace heddle {

LiveJobPtr make_live(JobRecord record, std::shared_ptr<Gate> gate) {
  auto job = std::make_shared<LiveJob>();
  job->state = record.state;
  job->place = record.place;
  job->started = record.started;
  job->record = std::make_shared<const JobRecord>(std::move(record));
  job->gate = std::move(gate);
  return job;
}

JobRecord record_now(const LiveJob& job) {
  JobRecord record = *job.record;
  record.state = job.state;
  record.place = job.place;
  record.started = job.started;
  return record;
}

bool JobQueue::RunsBefore::operator()(const LiveJobPtr& a, const LiveJobPtr& b) const {
  const auto rank = [](const LiveJob& job) {
    return std::make_tuple(-job.place.priority, job.place.number, job.record->order);
  };
  return rank(*a) < rank(*b);
}

void JobQueue::add(LiveJobPtr job) {
  live_[job->record->id] = job;
  pending_.insert(std::move(job));
}

LiveJobPtr JobQueue::take_next() {
  if (pending_.empty()) return nullptr;
  LiveJobPtr job = *pending_.begin();
  pending_.erase(pending_.begin());
  return job;
}

void JobQueue::move(const LiveJobPtr& job, QueuePlace place) {
  pending_.erase(job);
  job->place = place;
  pending_.insert(job);
}

QueuePlace JobQueue::place_at(const LiveJobPtr& job, size_t position) const {
  QueuePlace place = job->place;
  std::vector<double> others;
  for (const LiveJobPtr& other : pending_) {
    if (other != job && other->place.priority == place.priority) others.push_back(other->place.number);
  }
  if (others.empty()) return place;
  const size_t at = std::min(position, others.size());
  if (at == 0) {
    place.number = others.front() - 1;
  } else if (at == others.size()) {
    place.number = others.back() + 1;
  } else {
    place.number = (others[at - 1] + others[at]) / 2;
  }
  return place;
}

LiveJobPtr JobQueue::find(const std::string& job) const {
  const auto found = live_.find(job);
  return found == live_.end() ? nullptr : found->second;
}

}  // namespace heddle
