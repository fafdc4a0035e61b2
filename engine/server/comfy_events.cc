#include "engine/server/comfy_events.h"

#include "engine/json_access.h"
#include "engine/server/preview_picture.h"

namespace heddle::server {
namespace {

std::string message(const char* type, Json data) { return dump_python({{"type", type}, {"data", std::move(data)}}); }

Json queue_status(size_t remaining) { return {{"status", {{"exec_info", {{"queue_remaining", remaining}}}}}}; }

void add_number(std::string& bytes, uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) bytes += char(number >> shift);
}

// Section 2.5: event 1 is a picture alone, event 4 has JSON before it.
std::string plain_frame(const std::string& jpeg) {
  std::string frame;
  add_number(frame, 1);
  add_number(frame, 1);  // JPEG
  return frame + jpeg;
}

std::string metadata_frame(const std::string& job, const std::string& step, const std::string& jpeg) {
  const std::string about = dump_python({{"node_id", step},
                                         {"prompt_id", job},
                                         {"display_node_id", step},
                                         {"parent_node_id", nullptr},
                                         {"real_node_id", step},
                                         {"image_type", "image/jpeg"}});
  std::string frame;
  add_number(frame, 4);
  add_number(frame, uint32_t(about.size()));
  return frame + about + jpeg;
}

Json inputs_as_lists(const Json& inputs) {
  Json lists = Json::object();
  if (!inputs.is_object()) return lists;
  for (const auto& [name, value] : inputs.items()) lists[name] = Json::array({value});
  return lists;
}

}  // namespace

Json server_features(uint64_t max_upload) {
  return {{"supports_preview_metadata", true}, {"max_upload_size", max_upload}};
}

Json failure_data(const JobRecord& job) {
  const Json& error = member(job.result, "error");
  const Json& executed = member(job.result, "executed_steps");
  const std::string step(text_or(member(error, "step"), "")), node(text_or(member(error, "node"), ""));
  Json data{{"prompt_id", job.id},
            {"node_id", step.empty() ? Json(nullptr) : Json(step)},
            {"node_type", node.empty() ? Json(nullptr) : Json(node)},
            {"executed", executed.is_array() ? executed : Json::array()}};
  if (job.state == JobState::kFailed) {
    const std::string text(text_or(member(error, "message"), "the job failed"));
    Json lines = Json::array();
    if (!step.empty()) lines.push_back("  step " + step + " (" + node + ")\n");
    lines.push_back("    " + text + "\n");
    data["exception_message"] = text + "\n";
    data["exception_type"] = "RuntimeError";
    data["traceback"] = std::move(lines);
    data["current_inputs"] = inputs_as_lists(member(error, "inputs"));
    data["current_outputs"] = data["executed"];
  }
  data["timestamp"] = job.finished;
  return data;
}

struct ComfyEvents::Told {
  const JobEvent& event;
  const std::string& owner;
  const std::shared_ptr<Gate>& gate;

  std::string step() const { return std::string(text_or(member(event.data, "step"), "")); }
};

ComfyEvents::ComfyEvents(JobService& jobs, SocketHub& sockets, ComfyEventSettings settings)
    : jobs_(jobs), sockets_(sockets), settings_(settings) {
  sockets.set_greeting({.messages = [this](const std::string& id) { return greeting(id); },
                        .features = message("feature_flags", server_features(settings.max_upload))});
  sockets.set_sign_of_life([this] { return jobs_.remaining() == 0 ? "" : status(); });
}

std::string ComfyEvents::status() const { return message("status", queue_status(jobs_.remaining())); }

void ComfyEvents::broadcast_status() {
  if (sockets_.clients() > 0) sockets_.broadcast(status());
}

std::vector<std::string> ComfyEvents::greeting(const std::string& id) const {
  Json first = queue_status(jobs_.remaining());
  first["sid"] = id;
  std::vector<std::string> messages{message("status", std::move(first))};
  const std::lock_guard lock(mutex_);
  if (id == running_owner_ && !running_step_.empty()) messages.push_back(message("executing", {{"node", running_step_}}));
  return messages;
}

// To the owner of the prompt; to all if it has none.
void ComfyEvents::send(const Told& told, const char* type, Json data) {
  if (!sockets_.hears(told.owner)) return;
  if (told.owner.empty()) return sockets_.broadcast(message(type, std::move(data)), told.gate);
  to_owner(told, type, std::move(data));
}

void ComfyEvents::to_owner(const Told& told, const char* type, Json data) {
  if (told.owner.empty() || !sockets_.hears(told.owner)) return;
  sockets_.send(told.owner, message(type, std::move(data)), told.gate);
}

void ComfyEvents::on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>& gate) {
  const Told told{event, owner, gate};
  if (event.type == "queued" || event.type == "requeued") return broadcast_status();
  if (event.type == "started") {
    nodes_ = Json::object();
    {
      const std::lock_guard lock(mutex_);
      running_owner_ = owner;
      running_step_.clear();
    }
    broadcast_status();
    return to_owner(told, "execution_start", {{"prompt_id", event.job}, {"timestamp", event.time}});
  }
  if (event.type == "cached") {
    return to_owner(told, "execution_cached",
                    {{"nodes", event.data["steps"]}, {"prompt_id", event.job}, {"timestamp", event.time}});
  }
  if (event.type == "step_started") return step_started(told);
  if (event.type == "progress") return progress(told);
  if (event.type == "step_finished") return step_finished(told);
  if (event.type == "succeeded" || event.type == "failed" || event.type == "cancelled") over(told);
}

void ComfyEvents::on_preview(const std::string&, const std::string&, const std::string& owner, const Picture& picture,
                             const std::shared_ptr<Gate>&) {
  if (settings_.previews && sockets_.hears(owner)) preview_ = picture;
}

void ComfyEvents::progress_state(const Told& told, const std::string& step, int64_t value, int64_t total, bool finished) {
  if (!sockets_.hears(told.owner)) return;
  nodes_[step] = {{"value", value},
                  {"max", total},
                  {"state", finished ? "finished" : "running"},
                  {"node_id", step},
                  {"prompt_id", told.event.job},
                  {"display_node_id", step},
                  {"parent_node_id", nullptr},
                  {"real_node_id", step}};
  send(told, "progress_state", {{"prompt_id", told.event.job}, {"nodes", nodes_}});
}

void ComfyEvents::step_started(const Told& told) {
  const std::string step = told.step();
  {
    const std::lock_guard lock(mutex_);
    running_step_ = step;
  }
  progress_state(told, step, 0, 1, /*finished=*/false);
  to_owner(told, "executing", {{"node", step}, {"display_node", step}, {"prompt_id", told.event.job}});
}

void ComfyEvents::progress(const Told& told) {
  const std::string step = told.step();
  const int64_t value = told.event.data["value"], total = told.event.data["total"];
  progress_state(told, step, value, total, /*finished=*/false);
  std::string jpeg;
  if (preview_) jpeg = preview_jpeg(*std::exchange(preview_, std::nullopt), settings_.preview_side);
  if (!jpeg.empty()) {
    sockets_.send_binary(told.owner, {.plain = nullptr,
                                      .with_metadata = [&] { return metadata_frame(told.event.job, step, jpeg); }},
                         told.gate);
  }
  send(told, "progress", {{"value", value}, {"max", total}, {"prompt_id", told.event.job}, {"node", step}});
  if (jpeg.empty()) return;
  sockets_.send_binary(told.owner, {.plain = [&] { return plain_frame(jpeg); }, .with_metadata = nullptr}, told.gate);
}

void ComfyEvents::step_finished(const Told& told) {
  const std::string step = told.step();
  const Json& shown = member(told.event.data, "outputs");
  if (!shown.is_null()) {
    to_owner(told, "executed",
             {{"node", step}, {"display_node", step}, {"output", shown}, {"prompt_id", told.event.job}});
  }
  const Json& state = member(nodes_, step);
  const int64_t total = state.is_object() ? state["max"].get<int64_t>() : 1;
  progress_state(told, step, total, total, /*finished=*/true);
}

// The job has left the queue and is in the history by now.
void ComfyEvents::over(const Told& told) {
  const bool has_started = member(told.event.data, "started") != false;  // else it was cancelled while it waited
  if (has_started) {
    const std::lock_guard lock(mutex_);
    running_owner_.clear();
    running_step_.clear();
  }
  if (has_started && told.event.type == "succeeded") {
    to_owner(told, "execution_success", {{"prompt_id", told.event.job}, {"timestamp", told.event.time}});
  } else if (has_started) {
    if (const auto record = jobs_.find(told.event.job)) {
      Json data = failure_data(*record);
      if (told.event.type == "failed") {
        to_owner(told, "execution_error", std::move(data));
      } else {
        send(told, "execution_interrupted", std::move(data));
      }
    }
  }
  broadcast_status();
  if (has_started) to_owner(told, "executing", {{"node", nullptr}, {"prompt_id", told.event.job}});
}

}  // namespace heddle::server
