#include "engine/server/job_body.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "engine/base64.h"
#include "engine/image_file.h"
#include "engine/jobs/webhook_target.h"
#include "engine/json_access.h"
#include "engine/load_graph.h"
#include "engine/object_info.h"
#include "engine/server/blobs.h"
#include "engine/server/pipeline_schema.h"
#include "engine/server/pipeline_shelf.h"
#include "engine/server/problem_json.h"

namespace heddle::server {
namespace {

constexpr int64_t kMostPriority = 1'000'000;
constexpr size_t kLongestText = 256;
constexpr size_t kMostTargets = 1000;

const std::vector<std::string>& known_fields() {
  static const std::vector<std::string> kFields{"graph",   "pipeline", "inputs",    "targets", "priority",
                                                "webhook", "metadata", "client_id", "id"};
  return kFields;
}

bool is_wrapped(const Json& document) {
  if (is_pipeline(document)) return false;
  const Json& graph = member(document, "graph");
  const bool is_step = graph.is_object() && graph.contains("class_type");  // a step whose id is "graph"
  return (!graph.is_null() && !is_step) || member(document, "pipeline").is_string();
}

bool is_good_id(const std::string& id) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), is_letter);
}

// {"blob": SHA-256} or {"base64": "..."}.
bool is_picture_object(const Json& json) {
  return json.is_object() && json.size() == 1 && (json.contains("blob") || json.contains("base64"));
}

class Reader {
 public:
  Reader(Site& site, JobBody& body) : site_(site), body_(body), blobs_(site.data / "blobs") {}

  void read(std::string_view bytes, const std::optional<std::string>& pipeline) {
    if (looks_like_picture(bytes) && !pipeline) {
      take(load_graph(bytes, "the picture", declarations(), std::time(nullptr), foreign_texts()));
    } else if (auto document = parse(bytes, pipeline.has_value())) {
      read_document(std::move(*document), pipeline);
    }
    finish();
  }

 private:
  void report(std::string kind, std::string message, std::string socket = "") {
    body_.problems.push_back(
        {.step = "", .node = "", .socket = std::move(socket), .kind = std::move(kind), .message = std::move(message)});
  }

  std::optional<Json> parse(std::string_view bytes, bool may_be_empty) {
    if (may_be_empty && bytes.find_first_not_of(" \t\r\n") == bytes.npos) return Json::object();
    try {
      return parse_json(bytes);
    } catch (const JsonError& error) {
      report("malformed_json", std::string("the body is no JSON: ") + error.what());
      return std::nullopt;
    }
  }

  void read_document(Json document, const std::optional<std::string>& pipeline) {
    if (!document.is_object()) return report("malformed", "the body must be an object");
    if (!pipeline && !is_wrapped(document)) {
      return take(load_document(std::move(document), declarations(), std::time(nullptr)));
    }
    read_fields(document);
    const Json& graph = member(document, "graph");
    const Json& name = member(document, "pipeline");
    const bool has_graph = !graph.is_null(), has_name = !name.is_null();
    if (pipeline && (has_graph || has_name)) {
      return report("malformed",
                    "the address says which pipeline runs; the body has no \"graph\" or \"pipeline\" of its own");
    }
    if (has_graph && has_name) return report("malformed", "give either \"graph\" or \"pipeline\", not both");
    if (pipeline) return take_pipeline(*pipeline);
    if (has_name) return take_pipeline(name.is_string() ? name.get<std::string>() : "");
    if (!graph.is_object()) return report("malformed", "\"graph\" must be an object");
    take(load_document(graph, declarations(), std::time(nullptr)));
  }

  // --- what stands beside the graph

  void read_fields(const Json& document) {
    for (const auto& [name, value] : document.items()) {
      if (std::find(known_fields().begin(), known_fields().end(), name) != known_fields().end()) continue;
      report("unknown_field", "there is no field \"" + name + "\"" + did_you_mean(name, known_fields()));
    }
    read_inputs(member(document, "inputs"));
    read_targets(member(document, "targets"));
    read_priority(member(document, "priority"));
    read_webhook(member(document, "webhook"));
    const Json& metadata = member(document, "metadata");
    if (!metadata.is_null() && !metadata.is_boolean()) report("malformed", "\"metadata\" must be true or false");
    body_.request["metadata"] = metadata.is_boolean() ? metadata.get<bool>() : true;
    if (const std::string client = read_text(document, "client_id"); !client.empty()) {
      body_.request["client_id"] = client;
    }
    body_.id = read_text(document, "id");
    if (!body_.id.empty() && !is_good_id(body_.id)) {
      report("malformed", "\"id\" must be at most 64 letters, digits, - and _");
    }
  }

  std::string read_text(const Json& document, const char* name) {
    const Json& json = member(document, name);
    if (json.is_null()) return "";
    if (json.is_string() && json.get_ref<const std::string&>().size() <= kLongestText) return json.get<std::string>();
    report("malformed", "\"" + std::string(name) + "\" must be a text of at most 256 bytes");
    return "";
  }

  void read_inputs(const Json& json) {
    if (json.is_null()) return;
    if (!json.is_object()) return report("malformed", "\"inputs\" must be an object of NAME: VALUE");
    inputs_ = json;
  }

  void read_targets(const Json& json) {
    const bool is_good = json.is_array() && json.size() <= kMostTargets &&
                         std::all_of(json.begin(), json.end(), [](const Json& id) { return id.is_string(); });
    if (json.is_null()) return;
    if (!is_good) return report("malformed", "\"targets\" must be a list of ids of steps");
    body_.targets = json.get<std::vector<std::string>>();
  }

  void read_priority(const Json& json) {
    if (json.is_null()) return;
    const bool is_good = json.is_number_integer() && json >= -kMostPriority && json <= kMostPriority;
    if (!is_good) return report("malformed", "\"priority\" must be a whole number; 0 is usual, higher runs first");
    body_.priority = json.get<int64_t>();
  }

  void read_webhook(const Json& json) {
    if (json.is_null()) return;
    const Json& url = member(json, "url");
    const Json& secret = member(json, "secret");
    if (!url.is_string() || !(secret.is_null() || secret.is_string())) {
      return report("malformed", "\"webhook\" must be {\"url\": \"https://...\", \"secret\": \"...\"}");
    }
    if (const auto problem = webhook_problem(url.get_ref<const std::string&>(), site_.webhook_hosts)) {
      return report("webhook_not_allowed", *problem);
    }
    body_.request["webhook"] = {{"url", url}};
    if (secret.is_string()) body_.request["webhook"]["secret"] = secret;
  }

  // --- the graph

  std::function<Json()> declarations() const {
    return [this] { return object_info(site_.registry, site_.folders); };
  }

  ForeignTexts foreign_texts() const {
    ForeignTexts readers;
    for (const auto& entry : site_.registry.picture_texts()) {
      readers[entry.first] = [this, read = entry.second](const std::string& text) {
        return read(text, site_.folders, site_.jobs.workshop().hashes);
      };
    }
    return readers;
  }

  void take(LoadedGraph loaded) {
    name_missing_nodes(loaded.problems, site_.registry);
    add(body_.problems, loaded.problems);
    add(body_.warnings, loaded.warnings);
    if (!loaded.workflow.is_null()) body_.request["workflow"] = std::move(loaded.workflow);
    if (loaded.pipeline) return fill(*loaded.pipeline);
    body_.graph = std::move(loaded.graph);
    for (const auto& [target, value] : inputs_.items()) set_socket(target, value);
  }

  void take_pipeline(const std::string& text) {
    const PipelineName wanted = split_pipeline_name(text);
    std::optional<PipelineShelf::Entry> entry;
    try {
      entry = site_.pipelines->find(wanted.name, wanted.revision);
    } catch (const JsonError& error) {
      return report("malformed_json", error.what());
    }
    if (!entry) return report("unknown_pipeline", no_pipeline_text(wanted));
    const PipelineRevision& revision = entry->revision;
    body_.request["pipeline"] = {{"name", revision.name}, {"revision", revision.number}, {"sha256", revision.sha256}};
    fill(parse_pipeline(revision.document, body_.problems));
  }

  std::string no_pipeline_text(const PipelineName& wanted) const {
    if (!wanted.revision.empty() && site_.pipelines->find(wanted.name)) {
      return "pipeline \"" + wanted.name + "\" has no revision \"" + wanted.revision + "\"; GET /v1/pipelines/" +
             wanted.name + "/revisions lists them";
    }
    return "there is no pipeline \"" + wanted.name + "\"" + did_you_mean(wanted.name, site_.pipelines->names()) +
           "; GET /v1/pipelines lists them";
  }

  void fill(const Pipeline& pipeline) {
    body_.inputs = pipeline_schema(pipeline, site_.registry, site_.folders);
    if (body_.request.contains("pipeline")) body_.request["pipeline"]["inputs"] = short_inputs();
    for (auto& [name, value] : inputs_.items()) value = stored_picture(value, "", "", name);
    check_input_types(pipeline, inputs_, body_.problems);
    std::map<std::string, Json> values;
    for (const auto& [name, value] : inputs_.items()) values.emplace(name, value);
    Problems found;
    body_.graph = fill_pipeline(pipeline, values, site_.registry, found);
    add(body_.problems, found);
    for (const PipelineOutput& output : pipeline.outputs) {
      body_.request["outputs"][output.name] = {output.step, output.slot};
    }
  }

  // What a record tells of the inputs: pictures by name, not by their bytes.
  Json short_inputs() const {
    Json inputs = inputs_;
    for (Json& value : inputs) {
      if (is_picture_object(value) && value.contains("base64")) value = {{"blob", picture_hash(value).value_or("")}};
    }
    return inputs;
  }

  std::optional<std::string> picture_hash(const Json& value) const {
    const auto bytes = base64_decoded(text_or(member(value, "base64"), ""));
    if (!bytes) return std::nullopt;
    return sha256_of(*bytes);
  }

  // "3.steps" of a plain graph.
  void set_socket(const std::string& target, const Json& value) {
    const size_t dot = target.rfind('.');
    const int step = dot == target.npos ? -1 : body_.graph.find(target.substr(0, dot));
    if (step < 0) {
      return report("undeclared_input", "the graph has no step for the input \"" + target + "\"; expected STEP.SOCKET",
                    target);
    }
    std::vector<Input>& inputs = body_.graph.steps[size_t(step)].inputs;
    const std::string socket = target.substr(dot + 1);
    std::erase_if(inputs, [&](const Input& input) { return input.name == socket; });
    inputs.push_back({.name = socket, .from = "", .literal = value});
  }

  // --- pictures that came with the request, or before it

  void store_pictures() {
    for (Step& step : body_.graph.steps) {
      for (Input& input : step.inputs) {
        if (!input.is_link() && is_picture_object(input.literal)) store_picture(step, input);
      }
    }
  }

  void store_picture(const Step& step, Input& input) {
    const NodeDeclaration* node = site_.registry.find(step.node);
    const int spec = node ? node->find_input(input.name) : -1;
    if (spec < 0) return;  // the checker's to report
    if (node->inputs[size_t(spec)].folder != "input") return;
    input.literal = stored_picture(input.literal, step.id, step.node, input.name);
  }

  // The name of the input file for {"blob"} or {"base64"}; all else as it is.
  Json stored_picture(const Json& value, const std::string& step, const std::string& node, const std::string& socket) {
    if (!is_picture_object(value)) return value;
    const auto problem = [&](std::string kind, std::string message) {
      body_.problems.push_back(
          {.step = step, .node = node, .socket = socket, .kind = std::move(kind), .message = std::move(message)});
      return Json("");
    };
    std::string sha256(text_or(member(value, "blob"), ""));
    if (value.contains("base64")) {
      const auto bytes = base64_decoded(text_or(member(value, "base64"), ""));
      if (!bytes) return problem("malformed", "what stands under \"base64\" is no base64");
      sha256 = blobs_.add(*bytes).sha256;
    }
    if (auto name = blobs_.as_input(sha256, site_.folders)) return *name;
    return problem("unknown_blob",
                   "there is no blob \"" + sha256.substr(0, 80) + "\"; send it by PUT /v1/blobs/SHA256 first");
  }

  // --- all of it together

  void finish() {
    if (body_.graph.steps.empty()) {
      if (body_.problems.empty()) report("malformed", "the graph has no steps");
      return;
    }
    store_pictures();
    expand();
    body_.checked = check_graph(body_.graph, site_.registry, site_.folders, {.targets = body_.targets});
    add(body_.problems, body_.checked.problems);
    add(body_.warnings, body_.checked.warnings);
    body_.request["graph"] = to_json(body_.graph);
    if (!body_.targets.empty()) body_.request["targets"] = body_.targets;
  }

  void expand() {
    Problems found;
    try {
      body_.graph = expand_pipelines(std::move(body_.graph), site_.pipelines->finder(), site_.registry, found);
    } catch (const JsonError& error) {
      report("malformed_pipeline", error.what());
    }
    add(body_.problems, found);
  }

  // The reader of a file may have found what the checker finds again, in other words.
  static void add(Problems& known, const Problems& more) {
    for (const Problem& problem : more) {
      const auto is_same = [&](const Problem& other) {
        return other.step == problem.step && other.socket == problem.socket && other.kind == problem.kind &&
               (!problem.step.empty() || other.message == problem.message);
      };
      if (std::none_of(known.begin(), known.end(), is_same)) known.push_back(problem);
    }
  }

  Site& site_;
  JobBody& body_;
  const Blobs blobs_;
  Json inputs_ = Json::object();
};

}  // namespace

JobBody read_job_body(std::string_view body, Site& site, const std::optional<std::string>& pipeline) {
  JobBody result;
  result.request = Json::object();
  Reader(site, result).read(body, pipeline);
  return result;
}

Response refuse_job(const JobBody& body) {
  Json more = Json::object();
  if (!body.inputs.is_null()) more["inputs"] = body.inputs;
  if (body.problems.front().kind == "malformed_json") {
    return problem_response(400, "malformed_json", body.problems.front().message);
  }
  return invalid_response(body.problems, body.warnings, more);
}

}  // namespace heddle::server
