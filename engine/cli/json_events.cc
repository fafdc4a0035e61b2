#include "engine/cli/json_events.h"

#include "engine/image_file.h"

namespace heddle::cli {

void write_json_line(std::ostream& out, const Json& json) {
  out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

Json problem_event(const Problem& problem, const char* event) {
  return {{"event", event},           {"step", problem.step}, {"node", problem.node},
          {"socket", problem.socket}, {"kind", problem.kind}, {"message", problem.message}};
}

void JsonObserver::step_started(const StepRef& step) { write("step_started", step); }

void JsonObserver::step_progress(const StepRef& step, int value, int total) {
  write("step_progress", step, {{"value", value}, {"total", total}});
}

void JsonObserver::step_preview(const StepRef& step, const Picture& picture) {
  write("step_preview", step, {{"width", picture.width}, {"height", picture.height}});
}

void JsonObserver::step_cached(const StepRef& step, bool from_disk) {
  write("step_cached", step, {{"tier", from_disk ? "disk" : "memory"}});
}

void JsonObserver::step_finished(const StepRef& step, double seconds, const Json& ui,
                                 const Json& notes) {
  write("step_finished", step, {{"seconds", seconds}, {"ui", ui}, {"notes", notes}});
}

void JsonObserver::step_failed(const StepRef& step, const std::string& message) {
  write("step_failed", step, {{"message", message}});
}

void JsonObserver::step_warning(const StepRef& step, const std::string& message) {
  write("step_warning", step, {{"message", message}});
}

void JsonObserver::write(const char* event, const StepRef& step, const Json& more) {
  Json line{{"event", event}, {"job", job_}, {"step", step.id}, {"node", step.node}};
  line.update(more);
  write_json_line(out_, line);
}

}  // namespace heddle::cli
