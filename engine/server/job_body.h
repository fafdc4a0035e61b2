// What a request asks to be run, read and checked: the body of POST /v1/jobs and its kin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/check.h"
#include "engine/server/site.h"

namespace heddle::server {

struct JobBody {
  Graph graph;           // plain: pipelines are filled in and expanded, pictures are input files
  CheckedGraph checked;  // of the graph
  std::vector<std::string> targets;
  Json request;    // for JobRecord::request
  std::string id;  // "": a new one
  int64_t priority = 0;
  Json inputs = nullptr;        // JSON Schema of the inputs where a pipeline is asked for
  Problems problems, warnings;  // all of them, those of `checked` too
};

/// The body is {"graph": DOCUMENT or "pipeline": "NAME@REVISION", "inputs", "targets", "priority", "webhook",
/// "metadata", "client_id", "id"}, or the document alone: API or editor format, a pipeline, or a picture with one of
/// them inside. With `pipeline` given, the body has no graph of its own and may be empty. Never throws for a bad body:
/// that is a problem.
JobBody read_job_body(std::string_view body, Site& site, const std::optional<std::string>& pipeline = std::nullopt);

/// 400 for a body that is no JSON, else 422 with all problems and what the pipeline takes. REQUIRES: body.problems.
Response refuse_job(const JobBody& body);

}  // namespace heddle::server
