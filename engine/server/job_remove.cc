#include "engine/server/job_remove.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/json_access.h"
#include "engine/server/job_json.h"
#include "engine/server/job_view.h"
#include "engine/server/problem_json.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

bool is_listed_elsewhere(const std::string& sha256, const std::string& job, JobStore& store) {
  const std::vector<std::string> holders = store.jobs_with_file(sha256, 2);
  return std::any_of(holders.begin(), holders.end(), [&](const std::string& holder) { return holder != job; });
}

// The files that go with the job; looked for while its record is there.
std::vector<fs::path> own_files(const JobRecord& job, const Site& site) {
  std::vector<fs::path> files;
  const Json json = job_json(job);
  for (const Json& output : items_of(member(json, "outputs"))) {
    const std::string sha256(text_or(member(output, "sha256"), ""));
    const auto path = output_file(output, site.folders);
    if (!path || sha256.empty() || is_listed_elsewhere(sha256, job.id, site.store)) continue;
    if (site.jobs.workshop().hashes.hash(*path).hex() == sha256) files.push_back(*path);
  }
  return files;
}

size_t remove_files(const std::vector<fs::path>& files) {
  size_t removed = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    removed += fs::remove(file, error);
    if (error) spdlog::warn("cannot remove {}: {}", file.string(), error.message());
  }
  return removed;
}

}  // namespace

void remove_job(const std::string& job, Site& site, const Respond& respond) {
  const auto record = site.jobs.find(job);
  if (!record) return respond(no_such("job", job));
  const std::vector<fs::path> files = own_files(*record, site);
  site.store.remove({job}, [job, files, respond](std::exception_ptr failure) {
    if (failure) return respond(problem_response(503, "not_removed", "job " + job + " could not be removed"));
    respond(v1_response({{"id", job}, {"outcome", "removed"}, {"files_removed", remove_files(files)}}));
  });
}

}  // namespace heddle::server
