// /v1/check and /v1/explain: what would happen to a graph.
#include <algorithm>

#include "engine/explain.h"
#include "engine/job.h"
#include "engine/json_access.h"
#include "engine/server/job_body.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/v1_catalogue.h"

namespace heddle::server {
namespace {

constexpr int kLookBack = 20;  // jobs among which the last run of the same graph is looked for

Response check(const Request& request, Site& site) {
  const JobBody body = read_job_body(request.body, site);
  return v1_response({{"ok", body.problems.empty()},
                      {"problems", problems_json(body.problems)},
                      {"warnings", problems_json(body.warnings)}});
}

// Steps of one graph that are in another under the same id with the same node.
size_t shared_steps(const Graph& graph, const Json& other) {
  size_t count = 0;
  for (const Step& step : graph.steps) count += text_or(member(member(other, step.id), "class_type"), "") == step.node;
  return count;
}

// The newest job that ran more or less this graph.
std::optional<JobRecord> last_run(const Graph& graph, Site& site) {
  const std::vector<JobRecord> jobs = site.store.list({.state = JobState::kSucceeded, .limit = kLookBack});
  const JobRecord* best = nullptr;
  size_t most = graph.steps.size() / 2;
  for (const JobRecord& job : jobs) {
    const size_t count = shared_steps(graph, member(job.request, "graph"));
    if (count <= most) continue;
    most = count;
    best = &job;
  }
  return best ? std::optional(*best) : std::nullopt;
}

// What earlier jobs have saved, as a job would look at it; nothing is added.
class SavedOutputs final : public OutputLedger {
 public:
  explicit SavedOutputs(const Site& site) : store_(site.store), hashes_(site.jobs.workshop().hashes) {}

  std::optional<SavedOutput> find(const Key& step) override {
    auto output = store_.saved_output(step);
    if (!output) return std::nullopt;
    const auto is_there = [this](const SavedFileRecord& file) {
      std::error_code error;
      return std::filesystem::file_size(file.path, error) == file.bytes && !error &&
             hashes_.hash(file.path).hex() == file.sha256;
    };
    return std::all_of(output->files.begin(), output->files.end(), is_there) ? std::move(output) : std::nullopt;
  }
  void about_to_name(const SavedFileRecord&) override {}
  void keep(const Key&, const SavedOutput&) override {}

 private:
  JobStore& store_;
  FileHashes& hashes_;
};

Json describe(const PreparedJob& job, const Workshop& workshop) {
  return describe_run(job.graph, job.checked, job.keys, workshop.numerics);
}

// What that job was, by the files as they are now; null if it cannot be read any more.
Json described_run(const JobRecord& record, const Workshop& workshop) {
  Problems problems;
  Graph graph = parse_graph(member(record.request, "graph"), problems);
  const PreparedJob job = prepare_job({.graph = std::move(graph), .metadata = false}, workshop);
  if (!problems.empty() || !job.checked.problems.empty()) return nullptr;
  return describe(job, workshop);
}

const char* action_word(Action action) {
  return action == Action::kRun ? "run" : action == Action::kCached ? "cached" : "skip";
}

Json step_json(const Step& step, const Explanation& explanation) {
  Json json{{"step", step.id}, {"node", step.node}, {"action", action_word(explanation.action)}};
  if (explanation.tier != Tier::kNone) json["tier"] = explanation.tier == Tier::kDisk ? "disk" : "memory";
  json["reason"] = explanation.reason;
  return json;
}

Response explain_graph(const Request& request, Site& site) {
  JobBody body = read_job_body(request.body, site);
  if (!body.problems.empty()) return refuse_job(body);
  const Workshop& workshop = site.jobs.workshop();
  const PreparedJob job =
      prepare_job({.graph = std::move(body.graph), .targets = body.targets, .metadata = false}, workshop);
  SavedOutputs saved(site);
  const Plan plan = make_plan(job.checked, job.keys.keys, workshop.cache, &saved);
  const auto before = last_run(job.graph, site);
  const std::vector<Explanation> steps =
      explain(job.graph, job.checked, plan, describe(job, workshop), before ? described_run(*before, workshop) : Json(),
              site.registry.readers());
  Json answer{{"steps", Json::array()}};
  for (const int i : job.checked.order) {
    answer["steps"].push_back(step_json(job.graph.steps[size_t(i)], steps[size_t(i)]));
  }
  if (before) answer["compared_with"] = "/v1/jobs/" + before->id;
  answer["warnings"] = problems_json(body.warnings);
  return v1_response(answer);
}

}  // namespace

void add_v1_graph_routes(Routes& routes, Site& site) {
  const auto answer = [&site](auto call) {
    return [&site, call](const Request& request, Respond respond) { respond(call(request, site)); };
  };
  routes.add(
      {"POST", "/v1/check", answer(check),
       Operation("Graphs", "Find all that is wrong with a graph", "Takes what POST /v1/jobs takes. Nothing runs.")
           .takes("JobRequest")
           .gives(200, "ok, problems and warnings.", Json{{"type", "object"}})
           .refuses({{400, "No JSON."}})});
  routes.add({"POST", "/v1/explain", answer(explain_graph),
              Operation("Graphs", "Say for each step whether it would run, and because of what change",
                        "Compares with the last job of a like graph. Hashes files that have not been hashed yet.")
                  .takes("JobRequest")
                  .gives(200, "One entry a step.", Json{{"type", "object"}})
                  .refuses({{400, "No JSON."}, {422, "All that is wrong."}})});
  add_node_routes(routes, site);
  add_model_routes(routes, site);
  add_system_route(routes, site);
}

}  // namespace heddle::server
