#include "engine/jobs/job_record.h"
#include "engine/server/openapi.h"

namespace heddle::server {
namespace {

Json type(const char* name, const char* help = "") {
  Json schema{{"type", name}};
  if (*help) schema["description"] = help;
  return schema;
}

Json list_of(Json items, const char* help = "") {
  Json schema = type("array", help);
  schema["items"] = std::move(items);
  return schema;
}

Json ref(const char* name) { return {{"$ref", std::string("#/components/schemas/") + name}}; }

Json object(const char* help, Json properties, Json required = Json::array()) {
  Json schema = type("object", help);
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json problem_schema() {
  const Json item = object("",
                           {{"step", type("string")},
                            {"node", type("string")},
                            {"socket", type("string")},
                            {"kind", type("string", "A stable word for programs.")},
                            {"message", type("string", "What was seen, what is allowed, what to do.")}},
                           {"kind", "message"});
  return object("RFC 9457.",
                {{"type", type("string", "urn:heddle:KIND")},
                 {"title", type("string")},
                 {"status", type("integer")},
                 {"detail", type("string")},
                 {"problems", list_of(item, "All that is wrong with a graph.")},
                 {"warnings", list_of(item)},
                 {"inputs", type("object", "JSON Schema of what the pipeline takes.")}},
                {"type", "title", "status", "detail"});
}

Json output_schema() {
  return object("A file that a job has made.", {{"number", type("integer")},
                                                {"name", type("string", "Of the pipeline's output.")},
                                                {"step", type("string")},
                                                {"folder", type("string", "output or temp")},
                                                {"subfolder", type("string")},
                                                {"filename", type("string")},
                                                {"type", type("string", "image/png...")},
                                                {"bytes", type("integer")},
                                                {"sha256", type("string")},
                                                {"url", type("string")},
                                                {"blob", type("string", "The same by its hash.")}});
}

Json step_schema() {
  return object("", {{"id", type("string")},
                     {"node", type("string")},
                     {"title", type("string")},
                     {"state", {{"type", "string"}, {"enum", {"waiting", "running", "cached", "finished", "failed"}}}},
                     {"seconds", type("number")}});
}

Json job_schema() {
  const Json error =
      object("Why it failed.", {{"step", type("string")}, {"node", type("string")}, {"message", type("string")}});
  const Json progress = object("Of a running job.", {{"step", type("string")},
                                                     {"node", type("string")},
                                                     {"value", type("integer")},
                                                     {"total", type("integer")},
                                                     {"fraction", type("number", "Of the whole job, 0 to 1.")}});
  return object("A graph that was asked to be run, and what became of it.",
                {{"id", type("string")},
                 {"state", {{"type", "string"}, {"enum", kJobStateNames}}},
                 {"priority", type("integer")},
                 {"position", type("integer", "Of a queued job; 0 is next.")},
                 {"created", type("string", "RFC 3339, as all times.")},
                 {"started", type("string")},
                 {"finished", type("string")},
                 {"seconds_waited", type("number")},
                 {"seconds_running", type("number")},
                 {"pipeline", type("object", "Name, revision and inputs.")},
                 {"client_id", type("string")},
                 {"progress", progress},
                 {"steps", list_of(step_schema())},
                 {"warnings", list_of(type("object"))},
                 {"outputs", list_of(ref("Output"))},
                 {"shown", type("object", "What each step shows, by step.")},
                 {"steps_run", type("integer")},
                 {"steps_cached", type("integer")},
                 {"error", error},
                 {"url", type("string")},
                 {"events", type("string")}},
                {"id", "state"});
}

Json job_request_schema() {
  const Json webhook = object("Told once of the job's end, by POST.",
                              {{"url", type("string")}, {"secret", type("string", "Signs what is sent.")}}, {"url"});
  return object("What to run: a graph or a saved pipeline. A graph or pipeline document alone will do as well.",
                {{"graph", type("object", "API format, editor format or a pipeline document.")},
                 {"pipeline", type("string", "NAME or NAME@REVISION, in place of a graph.")},
                 {"inputs", type("object", "Of the pipeline by name; of a graph as STEP.SOCKET.")},
                 {"targets", list_of(type("string"), "Ids of the steps wanted; else all outputs.")},
                 {"priority", type("integer", "Higher runs first; 0 is usual.")},
                 {"webhook", webhook},
                 {"metadata", type("boolean", "false: saved files tell nothing of how they were made.")},
                 {"client_id", type("string")},
                 {"id", type("string", "Of the job; else a new one is made.")}});
}

Json pipeline_schema() {
  return object("A saved graph with typed inputs.", {{"name", type("string")},
                                                     {"revision", type("integer")},
                                                     {"sha256", type("string", "Of the document.")},
                                                     {"saved", type("string")},
                                                     {"title", type("string")},
                                                     {"help", type("string")},
                                                     {"read_only", type("boolean", "It comes with the program.")},
                                                     {"inputs", type("object", "JSON Schema of what it takes.")},
                                                     {"outputs", type("object")},
                                                     {"document", type("object", "As saved.")}});
}

}  // namespace

Json v1_schemas() {
  return {{"Job", job_schema()},
          {"JobRequest", job_request_schema()},
          {"JobList", object("A page; `next` is the address of the one after it.",
                             {{"jobs", list_of(ref("Job"))}, {"next", type("string")}})},
          {"Output", output_schema()},
          {"Queue", object("", {{"paused", type("boolean")},
                                {"remaining", type("integer")},
                                {"running", list_of(ref("Job"))},
                                {"queued", list_of(ref("Job"), "The next one first.")}})},
          {"Pipeline", pipeline_schema()},
          {"PipelineList", object("", {{"pipelines", list_of(ref("Pipeline"))}})},
          {"Blob", object("", {{"sha256", type("string")}, {"bytes", type("integer")}, {"url", type("string")}})},
          {"Problem", problem_schema()}};
}

}  // namespace heddle::server
