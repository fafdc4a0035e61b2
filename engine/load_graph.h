// Any file that holds a graph: API format, editor format, a pipeline, or a picture with one of them inside.
#pragma once

#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/graph.h"
#include "engine/picture_text.h"
#include "engine/pipeline.h"
#include "engine/problem.h"

namespace heddle {

struct LoadedGraph {
  Graph graph;                       // empty for a pipeline: fill it first
  Json workflow;                     // the editor's document, or null
  std::optional<Pipeline> pipeline;
  std::string kind;                  // "API format", "editor format", "pipeline", "picture"
  Problems problems;                 // what a run must not ignore
  Problems warnings;
};

/// Readers of what other programs write into pictures, by keyword.
using ForeignTexts = std::map<std::string, std::function<ForeignGraph(const std::string& text)>>;

/// `declarations` gives /object_info; it is called for the editor format only. Of a picture that has both, the prompt
/// (what ran) is taken and the workflow kept; `foreign` is for pictures that have neither. A body as posted to /prompt, {"prompt": {...}}, is read too.
/// `now` is for the dates in file names of the editor format. Never throws for bad content: it is a problem.
LoadedGraph load_graph(std::string_view bytes, const std::string& name, const std::function<Json()>& declarations,
                       std::time_t now, const ForeignTexts& foreign = {});

/// The same for a document that is JSON already.
LoadedGraph load_document(Json document, const std::function<Json()>& declarations, std::time_t now);

}  // namespace heddle
