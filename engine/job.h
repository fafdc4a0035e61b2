// One graph, made ready and run: check, keys, plan, execute, and the record that saved files carry.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/executor.h"
#include "engine/explain.h"

namespace heddle {

/// What all jobs of a process share.
struct Workshop {
  const Registry& registry;
  Folders folders;
  FileHashes& hashes;
  Cache* cache = nullptr;
  std::string numerics;
  bool verify_cache = false;
};

/// A graph that passed its check for some targets.
struct ReadyGraph {
  Graph graph;
  CheckedGraph checked;
};

struct JobRequest {
  Graph graph;
  std::optional<CheckedGraph> checked = {};  // else it is checked now, for these targets
  Json workflow = nullptr;           // the editor's document, or null
  Json texts = nullptr;              // {keyword: JSON} that saved files carry too, or null
  std::vector<std::string> targets = {};  // empty: all outputs
  bool metadata = true;
  std::time_t now = 0;
};

/// A job that has been looked at and not run; what its saved files will say of it is as in the request.
struct PreparedJob {
  Graph graph;
  CheckedGraph checked;  // with its problems and warnings
  ContentKeys keys;      // only without problems
  Json workflow = nullptr, texts = nullptr;
  bool metadata = true;
  std::time_t now = 0;
};

/// Throws std::runtime_error only for files that cannot be read.
PreparedJob prepare_job(JobRequest request, const Workshop& workshop);

/// REQUIRES: no problems. Throws StepError or Cancelled.
RunResult run_job(const PreparedJob& job, const Workshop& workshop, Observer* observer, const CancelFlag* cancel,
                  OutputLedger* ledger = nullptr);

}  // namespace heddle
