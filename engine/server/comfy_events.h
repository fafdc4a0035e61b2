// What happens in jobs, told over WebSockets in ComfyUI's words and order (comfyui_spec.md section 2).
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/jobs/job_service.h"
#include "engine/server/socket_hub.h"

namespace heddle::server {

struct ComfyEventSettings {
  bool previews = true;
  int preview_side = 512;
  uint64_t max_upload = uint64_t{100} << 20;
};

class ComfyEvents final : public JobListener {
 public:
  /// Sets the hub's greeting and sign of life. Everything outlives it.
  ComfyEvents(JobService& jobs, SocketHub& sockets, ComfyEventSettings settings);

  void on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>& gate) override;
  void on_preview(const std::string& job, const std::string& step, const std::string& owner, const Picture& picture,
                  const std::shared_ptr<Gate>& gate) override;

 private:
  struct Told;
  std::string status() const;
  void broadcast_status();
  std::vector<std::string> greeting(const std::string& id) const;
  void send(const Told& told, const char* type, Json data);
  void to_owner(const Told& told, const char* type, Json data);
  void progress_state(const Told& told, const std::string& step, int64_t value, int64_t total, bool finished);
  void step_started(const Told& told);
  void progress(const Told& told);
  void step_finished(const Told& told);
  void over(const Told& told);

  JobService& jobs_;
  SocketHub& sockets_;
  const ComfyEventSettings settings_;
  Json nodes_ = Json::object();               // of the running prompt, for progress_state
  std::optional<Picture> preview_;            // of the progress that comes next
  mutable std::mutex mutex_;                  // guards what a greeting reads
  std::string running_owner_, running_step_;
};

/// {"supports_preview_metadata": true, "max_upload_size": ...}: GET /features, and the answer on the socket.
Json server_features(uint64_t max_upload);

/// The data of execution_error and execution_interrupted, as in the history, for a job that did not succeed.
Json failure_data(const JobRecord& job);

}  // namespace heddle::server
