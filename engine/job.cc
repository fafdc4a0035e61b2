#include "engine/job.h"

#include <algorithm>

#include "engine/version.h"

namespace heddle {
namespace {

// What a saved file says of the program and the files that made it.
Json make_record(const ContentKeys& keys, const std::string& numerics) {
  Json files = Json::array();
  for (const UsedFile& file : keys.files) {
    const Json entry{{"folder", file.folder}, {"name", file.name}, {"sha256", file.hash.hex()}};
    if (std::find(files.begin(), files.end(), entry) == files.end()) files.push_back(entry);
  }
  return {{"heddle", version()}, {"numerics", numerics}, {"files", std::move(files)}};
}

Origin origin_of(const PreparedJob& job, const std::string& numerics) {
  Origin origin{.metadata = job.metadata, .now = job.now};
  if (!job.metadata) return origin;
  origin.prompt = to_json(job.graph);
  origin.workflow = job.workflow;
  origin.texts = job.texts;
  origin.record = make_record(job.keys, numerics);
  return origin;
}

}  // namespace

PreparedJob prepare_job(JobRequest request, const Workshop& workshop) {
  PreparedJob job;
  job.graph = std::move(request.graph);
  job.checked = request.checked
                    ? std::move(*request.checked)
                    : check_graph(job.graph, workshop.registry, workshop.folders, {.targets = std::move(request.targets)});
  job.workflow = std::move(request.workflow);
  job.texts = std::move(request.texts);
  job.metadata = request.metadata;
  job.now = request.now;
  if (!job.checked.problems.empty()) return job;
  job.keys = content_keys(job.checked, workshop.numerics, workshop.folders, workshop.hashes);
  return job;
}

RunResult run_job(const PreparedJob& job, const Workshop& workshop, Observer* observer, const CancelFlag* cancel,
                  OutputLedger* ledger) {
  const Session session{.folders = workshop.folders,
                        .origin = [&] { return origin_of(job, workshop.numerics); },
                        .cache = workshop.cache,
                        .observer = observer,
                        .cancel = cancel,
                        .ledger = ledger,
                        .verify_cache = workshop.verify_cache};
  return run_graph(job.graph, job.checked, job.keys.keys, session);
}

}  // namespace heddle
