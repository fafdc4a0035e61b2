// ComfyUI's editor format (nodes, links, widget values, subgraphs...) to the API format that heddle runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/json.h"
#include "engine/problem.h"

namespace heddle {

/// True for a document in editor format: an object with a list `nodes`.
bool is_editor_format(const Json& document);

struct ConvertedGraph {
  Json api;           // {"3": {"class_type", "inputs", "_meta": {"title"}}, ...}
  Problems problems;  // what a checker must name: unknown types, links into nothing, ids that occur twice
};

/// `declarations`: {class_type: {"input", "input_order", "output", "display_name", ...}} as /object_info gives them.
/// Choices in braces are drawn from a hash of the text and the first seed in the graph, so the same file always gives
/// the same graph. Never throws for a malformed document: what cannot be read is a problem.
ConvertedGraph convert_editor_graph(const Json& document, const Json& declarations);

}  // namespace heddle
